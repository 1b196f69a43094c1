//! What every page is made from.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use indexmap::IndexMap;

use crate::address::Address;
use kpid_language::Language;
use kpid_message::person::Person;
use kpid_rules::{
    alerting::Episode,
    judgement::Standing,
    model::{Id, Period, Portfolio, Scope},
};

/// What every page is made from.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The reader's language.
    pub language: &'static Language,
    /// What was asked for.
    pub address: &'a Address,
    /// When it is looked at.
    pub moment: Moment,
    /// Who reads.
    pub reader: &'a Reader,
    /// The definitions.
    pub portfolio: &'a Portfolio,
    /// What the reader may see, as it stands at the instant that is looked at.
    pub standing: &'a Standing,
    /// The same at an earlier instant, to compare with.
    pub earlier: Option<&'a Standing>,
    /// Where alerts stand.
    pub episodes: &'a HashMap<Scope, Episode>,
    /// Everybody who can be named.
    pub people: &'a IndexMap<Id, Person>,
    /// Whether the reader may answer for, silence and write notes on what the page shows.
    pub may_act: bool,
    /// What keeps the page from being the newest, if anything does.
    pub trouble: Option<&'a str>,
}

/// When everything is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Now.
    Present,
    /// At the end of a period: its figures and those of periods before it, as they are known now.
    PeriodEnd(Period),
    /// At an instant: what was known then.
    Instant(DateTime<Utc>),
}

/// Who reads a page.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    /// Who it is, if it is one of the people of the configuration.
    pub person: Option<Id>,
    /// What the page calls them; nothing where nobody is asked who they are.
    pub name: Option<String>,
    /// Whether they may log out.
    pub has_session: bool,
    /// Whether they could log in, and are not known.
    pub may_log_in: bool,
}

impl View<'_> {
    /// The instant that is looked at.
    pub fn as_of(&self) -> DateTime<Tz> {
        self.standing.as_of
    }

    /// An instant where the reader of the page is.
    pub(crate) fn local(&self, at: DateTime<Utc>) -> String {
        self.language.instant(at.with_timezone(&self.standing.as_of.timezone()))
    }

    /// Whether the page shows the present.
    pub fn is_present(&self) -> bool {
        self.moment == Moment::Present
    }

    /// A person's name, or the id where nobody is called so.
    pub(crate) fn name_of<'v>(&'v self, person: &'v Id) -> &'v str {
        self.people.get(person).map_or(person.as_str(), |person| &person.name)
    }
}
