//! How a participant asks the room for something, and what it does with the outcome.

use std::mem;

use chat_proto::command::Command;
use chat_proto::event::Reply;
use chat_proto::name::Name;

use super::asking::{Asking, Question, Standing};
use super::{Participant, Phase};
use crate::clock::Now;
use crate::hub::{Answer, Hub, notice};
use crate::room::request::{Act, Outcome};
use crate::session::change::Change;
use crate::session::reason::Reason;
use crate::timeline::mark::{Form, Place};

impl Participant {
    /// Asks the room for something, and waits for the outcome if that is not known at
    /// once.
    pub(super) fn ask(&mut self, question: Question, act: Act, hub: &mut Hub, now: Now) {
        if let Some(answer) = hub.propose(self.client, act, now) {
            return self.answered(question, answer, hub, now);
        }
        self.wait_for(question);
    }

    /// Waits for the outcome of what it has asked for.
    pub(super) fn wait_for(&mut self, question: Question) {
        let standing = match &self.phase {
            Phase::Present(name) => Standing::Present(name.clone()),
            Phase::Locked(_) | Phase::Asking(_) | Phase::Listening(_) | Phase::Closing(..) => {
                return;
            }
            Phase::Outside => Standing::Outside,
            Phase::Arriving(at) | Phase::Refused(_, at) => Standing::Arriving(*at),
            Phase::Barred(barred) => Standing::Arriving(barred.until),
        };
        self.phase = Phase::Asking(Box::new(Asking { question, standing }));
    }

    /// What came of a request that was not answered at once.
    pub(in crate::session) fn outcome(&mut self, answer: Answer, hub: &mut Hub, now: Now) {
        match answer.outcome {
            Outcome::Said { .. }
            | Outcome::SaidBefore { .. }
            | Outcome::Silenced { .. }
            | Outcome::NotSaid { .. } => {
                return self.said(answer, hub, now);
            }
            Outcome::Replaced => return self.replaced(hub, now),
            Outcome::Removed(farewell) => return self.removed(&farewell, hub, now),
            Outcome::Done | Outcome::NotHere => return,
            _ => {}
        }
        if !matches!(self.phase, Phase::Asking(_)) {
            // It has gone meanwhile.
            return;
        }
        let closing = Phase::Closing(Reason::Closed, now.instant);
        if let Phase::Asking(asking) = mem::replace(&mut self.phase, closing) {
            self.phase = match asking.standing {
                Standing::Arriving(at) => Phase::Arriving(at),
                Standing::Outside => Phase::Outside,
                Standing::Present(name) => Phase::Present(name),
            };
            self.answered(asking.question, answer, hub, now);
        }
    }

    fn answered(&mut self, question: Question, answer: Answer, hub: &mut Hub, now: Now) {
        let Answer { outcome, own, mark } = answer;
        match (question, outcome) {
            (Question::Join { .. }, Outcome::Barred(bar)) => {
                self.answer_in_json(hub);
                self.barred(&bar, hub, now);
            }
            (_, Outcome::Barred(bar)) => self.barred(&bar, hub, now),
            (Question::Operate { id }, Outcome::Operated(operated)) => {
                self.operated(id, *operated, own, mark, hub, now);
            }
            (Question::Enter(then), Outcome::Entered(name)) => {
                self.entered(name, own, hub);
                if let Some(command) = then {
                    self.do_command(command, hub, now);
                }
            }
            (Question::EnterAs(_), Outcome::Entered(name)) => {
                let text = format!("you are now known as {name}");
                self.entered(name, own, hub);
                self.notice(&text, hub, now);
            }
            (Question::EnterAs(name), Outcome::NameRefused(_)) => {
                let name = name.to_string();
                self.come_in(Some(Command::Nick { name }), hub, now);
            }
            (Question::Join { hello, error }, Outcome::Joined(joined)) => {
                self.joined(&hello, error, *joined, mark, hub, now);
            }
            (Question::Rename(old), Outcome::Renamed(new)) => {
                self.renamed(old, new, own, hub, now);
            }
            (Question::Rename(_), Outcome::NameRefused(why)) => {
                self.name_refused(&why, hub, now);
            }
            (Question::Forget(name), Outcome::Forgotten(outcome)) => {
                self.forgotten(&name, outcome, hub, now);
            }
            (Question::List, Outcome::Listed(listing)) => self.listed(listing, mark, now),
            _ => {}
        }
    }

    fn renamed(&mut self, old: Name, new: Name, own: Option<Place>, hub: &Hub, now: Now) {
        if let Some(place) = own {
            self.skip_own(place);
        }
        if self.form == Form::Text {
            let text = notice(&format!("you are now known as {new}"));
            self.reply_at(hub.timeline.last_mark(), &Reply::Notice(text), now);
        }
        self.phase = Phase::Present(new.clone());
        self.note(Change::Renamed { old, new });
    }

    /// The program is here over another connection, which has its name: it is not told
    /// that this one goes.
    fn replaced(&mut self, hub: &Hub, now: Now) {
        if let Some(name) = self.present_name().cloned() {
            self.note(Change::Left(name.clone()));
            self.names.change(|names| names.was = Some(name));
            self.notice("you are here over another connection: goodbye", hub, now);
            self.close(Reason::Replaced, hub, now);
        }
    }
}
