//! `kpid notify`: a test message over the way that alerts take, or what an alert would look like.

use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::cli::{
    Answer, clock, configuration,
    failure::Failure,
    init,
    output::{complain, note},
    preview, recipient,
};
use kpid_config::setup::Setup;
use kpid_delivery::{
    channels::Channels,
    delivery::{Delivered, Delivery},
    routing::Route,
};
use kpid_message::{
    message::Message,
    notice::{Notice, Section},
    template_check,
};
use kpid_rules::{alerting::NoticeKind, model::Id};

/// Send a test message to a person or over a channel, the way that alerts take; or show what an alert would look like
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A person or a channel of kpid.yaml
    #[arg(value_name = "CHANNEL|PERSON", required_unless_present = "templates")]
    to: Option<String>,
    #[command(flatten)]
    preview: preview::Wish,
    /// Write the templates of mails that are built in into a folder, to change them there
    #[arg(long, value_name = "DIR", conflicts_with_all = ["to", "preview"])]
    templates: Option<PathBuf>,
}

pub(crate) async fn run(config: &Path, arguments: &Arguments) -> Result<Answer, Failure> {
    match (&arguments.templates, &arguments.to) {
        (Some(folder), _) => write_templates(folder),
        (None, Some(to)) if arguments.preview.preview => {
            preview::run(config, to, &arguments.preview).await
        }
        (None, to) => send(config, to.as_deref().unwrap_or_default()).await,
    }
}

async fn send(config: &Path, to: &str) -> Result<Answer, Failure> {
    let setup = configuration::load_to_use(config)?;
    let (to, Route { channel, recipient, .. }) =
        recipient::find(&setup, to).map_err(|(_, failure)| failure)?;
    let message = Message::Notice(notice(&setup, &to, &channel, &recipient));
    let channels = Channels::open(&setup.channels)?;
    let id = Uuid::now_v7();
    let (channel, recipient) = (&channel, recipient.as_str());
    let language = setup.language_of(recipient);
    let delivery = Delivery { id, channel, recipient, language, message: &message, link: None };
    match channels.send(delivery, clock::of(&setup).now()).await {
        Ok(Delivered { trouble }) => {
            note!("the test message {id} was taken by `{channel}` for {recipient}");
            let Some(trouble) = trouble else { return Ok(Answer::Done) };
            complain!("kpid: {}", trouble.summary);
            Ok(Answer::No)
        }
        Err(error) => {
            complain!("kpid: the test message was not taken by `{channel}`: {error}");
            Ok(Answer::No)
        }
    }
}

fn write_templates(folder: &Path) -> Result<Answer, Failure> {
    if let Some((name, _)) = template_check::built_in().find(|(name, _)| folder.join(name).exists())
    {
        let failure = Failure::new(format!("{} is there already", folder.join(name).display()));
        return Err(failure.hint("name another folder; nothing was written"));
    }
    for (name, text) in template_check::built_in() {
        init::write(&folder.join(name), text)?;
    }
    note!("wrote {} templates into {}", template_check::built_in().count(), folder.display());
    note!("change some, delete the others, and name the folder as `templates` of an email channel");
    Ok(Answer::Done)
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
        at: clock::of(setup).now().with_timezone(&setup.calendar.zone).fixed_offset(),
        subject: "[Test] kpid reaches you".to_owned(),
        summary: format!("This is a test: kpid reaches {name}."),
        sections: vec![Section { title: String::new(), lines }],
        why: format!("You got this because somebody ran `kpid notify {to}`."),
        config_version: setup.config_hash.clone(),
        lasts: false,
    }
}
