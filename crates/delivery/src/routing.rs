//! Who is reached how: a person by mail, a channel by itself.

use indexmap::IndexMap;

use crate::channel::Channel;
use kpid_message::person::Person;
use kpid_rules::model::Id;

/// The route to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The channel to go over.
    pub channel: Id,
    /// A mail address, or the channel's own id.
    pub recipient: String,
    /// The person it leads to, if it does.
    pub person: Option<Id>,
}

impl Route {
    /// Whether both lead to the same place, whoever reads there.
    fn leads_where(&self, other: &Self) -> bool {
        (&self.channel, &self.recipient) == (&other.channel, &other.recipient)
    }
}

/// Why somebody cannot be notified.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RouteError {
    /// No such person or channel.
    #[error("`{0}` is neither a person nor a channel; add it to `people` or `channels`")]
    Unknown(Id),
    /// A person without an address.
    #[error("`{0}` has no mail address; add `email` to the person, or name a channel")]
    NoAddress(Id),
    /// No channel that carries mail.
    #[error("`{0}` is notified by mail, but there is no `email` channel; add one to `channels`")]
    NoMailChannel(Id),
    /// Mail as such has no reader.
    #[error("`{0}` is a mail channel and has no reader of its own; name a person instead")]
    NobodyThere(Id),
}

/// The routes to each of `to`, in that order: nobody is reached twice by one route, also not as two
/// persons of one mailbox.
pub fn routes<'a>(
    to: impl IntoIterator<Item = &'a Id>,
    people: &IndexMap<Id, Person>,
    channels: &IndexMap<Id, Channel>,
) -> Vec<(&'a Id, Result<Route, RouteError>)> {
    let mut routes: Vec<(&Id, Result<Route, RouteError>)> = Vec::new();
    for id in to {
        let route = route(id, people, channels);
        let is_taken = route.as_ref().is_ok_and(|route| {
            routes.iter().flat_map(|(_, taken)| taken).any(|taken| taken.leads_where(route))
        });
        if !is_taken {
            routes.push((id, route));
        }
    }
    routes
}

/// The route to `to`: a person is reached over the first mail channel, a webhook by itself.
pub fn route(
    to: &Id,
    people: &IndexMap<Id, Person>,
    channels: &IndexMap<Id, Channel>,
) -> Result<Route, RouteError> {
    if let Some(person) = people.get(to) {
        let mailbox = mailbox(person, people).ok_or_else(|| RouteError::NoAddress(to.clone()))?;
        let mail = channels.iter().find(|(_, channel)| matches!(channel, Channel::Email(_)));
        let (channel, _) = mail.ok_or_else(|| RouteError::NoMailChannel(to.clone()))?;
        let (channel, person) = (channel.clone(), Some(to.clone()));
        return Ok(Route { channel, recipient: mailbox.to_string(), person });
    }
    match channels.get(to) {
        Some(Channel::Webhook(_)) => {
            Ok(Route { channel: to.clone(), recipient: to.to_string(), person: None })
        }
        Some(Channel::Email(_)) => Err(RouteError::NobodyThere(to.clone())),
        None => Err(RouteError::Unknown(to.clone())),
    }
}

/// A person's address, as the first person of that mailbox has it, so that one mailbox has one name.
/// A domain is the same in capitals, and by custom the part before it too.
pub fn mailbox<'a>(
    person: &'a Person,
    people: &'a IndexMap<Id, Person>,
) -> Option<&'a lettre::Address> {
    let address = person.email.as_ref()?;
    let lower = |address: &lettre::Address| address.to_string().to_lowercase();
    let wanted = lower(address);
    let mut addresses = people.values().filter_map(|person| person.email.as_ref());
    addresses.find(|held| lower(held) == wanted).or(Some(address))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::channel::{Email, MailTransport, Webhook};
    use kpid_message::webhook_formats::format::Format;

    fn id(text: &str) -> Id {
        Id::parse(text).unwrap()
    }

    fn mail() -> Channel {
        let transport = MailTransport::Folder(PathBuf::from("/var/spool/kpid"));
        Channel::Email(Email {
            from: "kpid@calder.example".parse().unwrap(),
            transport,
            templates: Vec::new(),
        })
    }

    fn person(name: &str, email: Option<&str>) -> Person {
        let email = email.map(|email| email.parse().unwrap());
        Person { id: id(name), name: name.to_owned(), email, role: None, language: None }
    }

    #[test]
    fn a_person_goes_by_mail_and_a_webhook_by_itself() {
        let people: IndexMap<Id, Person> = [
            (id("ines"), person("ines", Some("ines.marlow@calder.example"))),
            (id("guest"), person("guest", None)),
        ]
        .into();
        let url = "https://hooks.example/kpid".parse().unwrap();
        let hook = Webhook {
            url,
            secret: None,
            previous: None,
            format: Format::Generic,
            allow_private: false,
        };
        let channels: IndexMap<Id, Channel> =
            [(id("ops"), Channel::Webhook(hook)), (id("mail"), mail()), (id("other-mail"), mail())]
                .into();
        let reached = |to: &str| {
            route(&id(to), &people, &channels)
                .map(|route| (route.channel.to_string(), route.recipient))
        };
        assert_eq!(
            reached("ines"),
            Ok(("mail".to_owned(), "ines.marlow@calder.example".to_owned()))
        );
        assert_eq!(reached("ops"), Ok(("ops".to_owned(), "ops".to_owned())));
        assert_eq!(reached("guest"), Err(RouteError::NoAddress(id("guest"))));
        assert_eq!(reached("mail"), Err(RouteError::NobodyThere(id("mail"))));
        assert_eq!(reached("nobody"), Err(RouteError::Unknown(id("nobody"))));
        let by_mail = route(&id("ines"), &people, &IndexMap::new());
        assert_eq!(by_mail, Err(RouteError::NoMailChannel(id("ines"))));
    }

    #[test]
    fn a_mailbox_is_reached_once_whoever_it_is_called() {
        let people: IndexMap<Id, Person> = [
            (id("ada"), person("ada", Some("Ada@Harbour.example"))),
            (id("coo"), person("coo", Some("ADA@harbour.EXAMPLE"))),
            (id("bob"), person("bob", Some("bob@harbour.example"))),
        ]
        .into();
        let channels: IndexMap<Id, Channel> = [(id("mail"), mail())].into();
        let reached = |to: &[&str]| -> Vec<String> {
            let to: Vec<Id> = to.iter().map(|name| id(name)).collect();
            let routes = routes(&to, &people, &channels);
            routes.into_iter().map(|(_, route)| route.unwrap().recipient).collect()
        };
        for (to, expected) in [
            (&["ada", "coo", "ada"][..], &["Ada@Harbour.example"][..]),
            // One name, whoever is named first: all messages of one alert go one way.
            (&["coo", "ada"], &["Ada@Harbour.example"]),
            (&["coo"], &["Ada@Harbour.example"]),
            (&["bob", "coo", "bob"], &["bob@harbour.example", "Ada@Harbour.example"]),
        ] {
            assert_eq!(reached(to), expected, "{to:?}");
        }
        let nobody = id("nobody");
        assert_eq!(routes([&nobody], &people, &channels).len(), 1, "an error is not lost");
    }
}
