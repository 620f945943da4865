//! How people are told of others who come and go.

use crate::name::Name;

/// Lines that tell that these people came: one for each, or one for all if they are
/// more than [`MAX_ONE_BY_ONE`].
pub fn entered<'a>(names: impl ExactSizeIterator<Item = &'a Name>) -> Vec<String> {
    crowd(names, "entered room", "entered")
}

/// Lines that tell that these people went, likewise.
pub fn left<'a>(names: impl ExactSizeIterator<Item = &'a Name>) -> Vec<String> {
    crowd(names, "is offline", "left")
}

/// The line that tells how many people are in the room.
pub fn people_are_here(people: usize) -> String {
    match people {
        1 => "-- 1 person is here".to_owned(),
        _ => format!("-- {people} people are here"),
    }
}

fn crowd<'a>(
    mut names: impl ExactSizeIterator<Item = &'a Name>,
    one: &str,
    many: &str,
) -> Vec<String> {
    if names.len() > MAX_ONE_BY_ONE
        && let (Some(first), Some(second)) = (names.next(), names.next())
    {
        let others = names.len();
        return vec![format!("-- {first}, {second} and {others} others {many}")];
    }
    names.map(|name| format!("[{name}] {one}")).collect()
}

/// More people than this who come or go together are one line.
pub const MAX_ONE_BY_ONE: usize = 3;
