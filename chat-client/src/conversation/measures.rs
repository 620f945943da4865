//! What operators do, as the person is told, and what it changes for the person.

use chat_proto::event::{Rank, Timestamp};
use chat_proto::moderation::{Measure, MeasureKind, by_words};
use chat_proto::name::Name;
use chat_proto::text_form;

use super::Conversation;
use crate::output::line::{Age, Kind};

impl Conversation {
    /// Notes what an operator did at `time`. The line that tells it, unless people are not
    /// told.
    pub(super) fn measure(&mut self, measure: &Measure, time: Timestamp, age: Age) -> Option<Kind> {
        let by = measure.by.as_ref();
        match &measure.kind {
            MeasureKind::Removed { name, .. } => self.removed.add(name, age),
            MeasureKind::Banned { names, .. } => {
                for name in names {
                    self.removed.add(name, age);
                }
            }
            MeasureKind::Promoted { name, .. } if self.is_me(name, age) => {
                self.rank = self.rank.max(Rank::Operator);
                let by = by_words(by);
                return Some(Kind::Notice(format!("{by} has made you an operator{HELP}")));
            }
            MeasureKind::Demoted { name, .. } if self.is_me(name, age) => {
                self.rank = self.options.rank;
                let by = by_words(by);
                return Some(Kind::Notice(format!(
                    "you are an operator no more, by {by}"
                )));
            }
            MeasureKind::Announced(text) => {
                return Some(Kind::Announced {
                    own: by.is_some_and(|by| self.is_me(by, age)),
                    text: text.clone(),
                });
            }
            _ => {}
        }
        let mut rows = text_form::measure(measure, time);
        // The answer to the person's own command has told it.
        if !by.is_some_and(|by| self.is_me(by, age)) {
            rows.extend(text_form::private(measure));
        }
        (!rows.is_empty()).then_some(Kind::Measure(rows))
    }

    /// Whether a name in an event is ours. In the past another person may have had it, and
    /// the welcome has told what came of missed events.
    fn is_me(&self, name: &Name, age: Age) -> bool {
        age == Age::New && self.me.as_ref() == Some(name)
    }
}

const HELP: &str = ": /help lists what you can do";
