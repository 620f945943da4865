use super::*;
use crate::room::identity::tests::owner;

fn origin(key: u32, generation: u32) -> Origin {
    let (server, worker) = (ServerId(0), 0);
    let client = ClientId {
        worker,
        key,
        generation,
    };
    Origin { server, client }
}

/// Lists take memory for those who are here, whatever connections are said to be there.
#[test]
fn places_end_with_the_last_member_and_are_not_more_than_all_servers_have() {
    let mut members = Members::default();
    let member = |number| Member {
        name: Name::parse(&format!("n{number}")).unwrap(),
        owner: None,
        keyed: None,
        visit: Visit::default(),
    };
    let of_worker = |worker, key| Origin {
        client: ClientId {
            worker,
            ..origin(key, 1).client
        },
        ..origin(key, 1)
    };
    let last = ClientId::MAX_KEYS - 1;
    assert!(members.has_place_for(of_worker(0, last)));
    members.insert(of_worker(0, 9), member(1));
    members.insert(of_worker(0, 1 << 20), member(2));
    // Another connection there is none before this one has left.
    assert!(members.has_place_for(origin(9, 1)));
    assert!(!members.has_place_for(origin(9, 2)));
    let left = last - (1 << 20) - 1;
    assert!(members.has_place_for(of_worker(0, last)));
    assert!(members.has_place_for(of_worker(1, left)));
    assert!(!members.has_place_for(of_worker(1, left + 1)));
    members.remove(of_worker(0, 1 << 20));
    let thread = members.threads.values().next().unwrap();
    assert_eq!(thread.places(), 10);
    assert!(thread.visits.capacity() <= MIN_SHRUNK);
    members.remove(of_worker(0, 9));
    assert!(members.threads.is_empty());
}

#[test]
fn a_program_has_one_connection() {
    let mut members = Members::default();
    let names = ["ann", "bo"].map(|name| Name::parse(name).unwrap());
    let [ann, bo] = [1, 2].map(owner);
    let [old, other] = [origin(0, 1), origin(1, 2)];
    for (origin, name, owner) in [(old, &names[0], ann), (other, &names[1], bo)] {
        let member = Member {
            name: name.clone(),
            owner: Some(owner),
            keyed: None,
            visit: Visit::default(),
        };
        members.insert(origin, member);
    }
    assert_eq!(members.connection_of(ann), Some(old));
    let member = members.remove(old).unwrap();
    assert_eq!((&member.name, member.owner), (&names[0], Some(ann)));
    assert_eq!(members.connection_of(ann), None);
    // A later connection may have the same key.
    let new = origin(0, 3);
    members.insert(new, member);
    assert_eq!(members.get(old), None);
    assert_eq!(members.connection_of(ann), Some(new));
    members.rename(new, &names[1]);
    assert_eq!(members.get(new).unwrap().name, names[1]);
    assert_eq!(members.remove(other).unwrap().owner, Some(bo));
    assert_eq!(members.connection_of(bo), None);
}
