//! `kpid notify`: a test message over the way that alerts take.

use std::path::Path;

use uuid::Uuid;

use crate::{
    cli::{Answer, configuration, failure::Failure, output::say},
    clock::Clock,
    config::{problem, setup::Setup},
    notify::{
        Channels, Delivery,
        notice::{Message, Notice, NoticeKind, Section},
        route::{Route, RouteError, route},
    },
    scorecard::Id,
};

/// Send a test message to a person or over a channel, the way that alerts take
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A person or a channel of kpid.yaml
    #[arg(value_name = "CHANNEL|PERSON")]
    to: String,
}

pub(crate) async fn run(config: &Path, arguments: &Arguments) -> Result<Answer, Failure> {
    let setup = configuration::load_to_use(config)?;
    let (to, Route { channel, recipient }) = find(&setup, &arguments.to)?;
    let message = Message::Notice(notice(&setup, &to, &channel, &recipient));
    let channels = Channels::open(&setup.channels)?;
    let id = Uuid::now_v7();
    let delivery = Delivery { id, channel: &channel, recipient: &recipient, message: &message };
    match channels.send(delivery, Clock::System.now()).await {
        Ok(()) => {
            say!("the test message {id} was taken by `{channel}` for {recipient}");
            Ok(Answer::Done)
        }
        Err(error) => {
            anstream::eprintln!("kpid: the test message was not taken by `{channel}`: {error}");
            Ok(Answer::No)
        }
    }
}

fn find(setup: &Setup, name: &str) -> Result<(Id, Route), Failure> {
    let to = Id::parse(name).map_err(|error| Failure::new(error.to_string()))?;
    match route(&to, &setup.people, &setup.channels) {
        Ok(way) => Ok((to, way)),
        Err(error @ RouteError::Unknown(_)) => {
            let names = setup.people.keys().chain(setup.channels.keys()).map(Id::as_str);
            let failure = Failure::new(error.to_string());
            Err(match problem::suggestion(name, names) {
                Some(hint) => failure.hint(hint),
                None => failure,
            })
        }
        Err(error) => Err(Failure::new(error.to_string())),
    }
}

fn notice(setup: &Setup, to: &Id, channel: &Id, recipient: &str) -> Notice {
    let name = setup.people.get(to).map_or(to.as_str(), |person| person.name.as_str());
    let lines = vec![
        "Nothing is wrong, and nothing needs to be done.".to_owned(),
        format!("It took the way that alerts take: channel `{channel}`, to {recipient}."),
    ];
    Notice {
        event: NoticeKind::Test,
        dedup_key: format!("test/{to}"),
        at: Clock::System.now().with_timezone(&setup.calendar.zone).fixed_offset(),
        subject: "[Test] kpid reaches you".to_owned(),
        summary: format!("This is a test: kpid reaches {name}."),
        sections: vec![Section { title: String::new(), lines }],
        why: format!("You got this because somebody ran `kpid notify {to}`."),
        config_version: setup.digest.clone(),
    }
}
