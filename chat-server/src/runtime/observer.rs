//! What the simulation sees of a scheduler's work. In the server there is no observer,
//! which costs nothing.

use crate::hub::Hub;
use crate::net::connection::Connection;

/// Is told what a scheduler does, and changes nothing.
pub trait Observer<S> {
    /// A connection belongs to the scheduler from now on.
    fn came(&mut self, _: &Connection<S>, _: &Hub) {}

    /// A connection has its turn, in which `act` may change the room.
    fn turn<T>(
        &mut self,
        connection: &mut Connection<S>,
        hub: &mut Hub,
        act: impl FnOnce(&mut Connection<S>, &mut Hub) -> T,
    ) -> T {
        act(connection, hub)
    }

    /// All connections have had their turns; what they have said is not shown yet.
    fn heard(&mut self, _: &Hub) {}

    /// A connection has ended.
    fn dropped(&mut self, _: Connection<S>) {}
}

/// No observer.
impl<S> Observer<S> for () {}
