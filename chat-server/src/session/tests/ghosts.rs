//! Programs that come back before their end is noticed.

use super::*;

pub(super) fn secret_of(welcome: &str) -> Value {
    let line = welcome.lines().find(|line| line.contains("\"welcome\""));
    let welcome: Value = serde_json::from_str(line.unwrap()).unwrap();
    welcome["secret"].clone()
}

impl Hall {
    /// A peer says hello with this secret; what it reads.
    pub(super) fn come_back(&mut self, who: usize, name: &str, secret: &Value) -> String {
        let room = self.hub.room().id();
        let room = room.as_str();
        let resume = json!({"room": room, "seq": 1, "secret": secret});
        let hello = json!({"protocol": 1, "name": name, "resume": resume});
        self.send(who, format!("/hello {hello}\n"));
        self.deliver();
        self.read(who)
    }
}

/// A program that shows the secret of a connection that is still here gets its name.
/// The other connection is dropped, and the room hears nothing of it.
#[test]
fn a_ghost_gives_its_name_back() {
    let mut hall = Hall::new();
    let other = hall.join("other");
    let ghost = hall.connect();
    hall.send(ghost, "/hello {\"protocol\":1,\"name\":\"ann\"}\n");
    let secret = secret_of(&hall.read(ghost));
    hall.send(ghost, "{\"type\":\"nick\",\"name\":\"anna\"}\n");
    hall.read(other);
    // Also for a peer that was announced before it said hello.
    let late = hall.connect();
    hall.now.instant += ANNOUNCE_AFTER;
    hall.sessions[late].expire(&mut hall.hub, hall.now);
    hall.hub.timeline.show_all();
    assert!(hall.read(other).contains("entered"));
    let welcome = hall.come_back(late, "ann", &secret);
    assert!(
        welcome.contains("\"name\":\"anna\",\"people\":2"),
        "{welcome}"
    );
    let heard = hall.read(other);
    assert!(
        heard.contains("is offline") && !heard.contains("ann"),
        "{heard}"
    );
    assert!(
        hall.read(ghost)
            .contains("over another connection: goodbye")
    );
    assert_eq!(hall.sessions[ghost].stage(), Stage::Closing);
    hall.sessions[ghost].lost(Reason::Reset, &mut hall.hub, hall.now);
    // The secret is that of the program, over all its connections; without it
    // a program is another one.
    assert_eq!(secret_of(&welcome), secret);
    let stranger = hall.connect();
    let welcome = hall.come_back(stranger, "anna", &json!("0".repeat(32)));
    assert!(welcome.contains("\"name\":\"anna-2\""), "{welcome}");
    assert_ne!(secret_of(&welcome), secret);
    hall.sessions[late].lost(Reason::Reset, &mut hall.hub, hall.now);
    let third = hall.connect();
    let welcome = hall.come_back(third, "anna", &secret);
    assert!(welcome.contains("\"name\":\"anna\""), "{welcome}");
    assert_eq!(secret_of(&welcome), secret);
    assert_eq!(hall.hub.people().count(), 3);
}
