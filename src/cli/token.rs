//! `kpid token`: a token for whoever may look, act or push, and the hash that the configuration keeps.

use rand::RngExt as _;

use crate::{
    cli::{
        Answer,
        failure::Failure,
        output::{Format, print_json, say},
    },
    web::access,
};

/// As hard to guess as anything.
const TOKEN_BYTES: usize = 32;

/// Make a token for the board and its APIs, and the line that lets it in
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Who gets it: the name it has in the configuration and in the audit
    #[arg(default_value = "somebody")]
    name: String,
    #[command(flatten)]
    scope: Scopes,
    /// Only on this scorecard; may be given several times
    #[arg(long = "scorecard", value_name = "ID", conflicts_with = "push")]
    scorecards: Vec<String>,
    /// For people or for programs
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What it opens.
#[derive(clap::Args)]
#[group(multiple = false)]
struct Scopes {
    /// It reads pages, the API and the metrics (the default)
    #[arg(long)]
    read: bool,
    /// It reads, and acknowledges, silences and writes notes
    #[arg(long)]
    act: bool,
    /// It sends figures over a `push` connection, and reads nothing
    #[arg(long)]
    push: bool,
    /// It reads walls, and nothing else: for a screen that everybody passes
    #[arg(long)]
    wall: bool,
}

impl Arguments {
    fn is_plain(&self) -> bool {
        let Scopes { read, act, push, wall } = self.scope;
        !(read || act || push || wall) && self.scorecards.is_empty()
    }

    /// Where its line stands.
    fn place(&self) -> &'static str {
        match self.scope.push {
            true => "for the `push:` of a connection",
            false if self.is_plain() => {
                "for `web:` of kpid.yaml, or for the `push:` of a connection"
            }
            false => "for `web:` of kpid.yaml",
        }
    }

    /// What its line says beside the hash.
    fn limits(&self) -> String {
        let scope = match self.scope {
            Scopes { act: true, .. } => ", scope: act",
            Scopes { wall: true, .. } => ", scope: wall",
            _ => "",
        };
        match self.scorecards.as_slice() {
            [] => scope.to_owned(),
            ids => format!("{scope}, scorecards: [{}]", ids.join(", ")),
        }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    let bytes: [u8; TOKEN_BYTES] = rand::rng().random();
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (name, hash) = (&arguments.name, access::hash(&token));
    let (place, limits) = (arguments.place(), arguments.limits());
    let line = format!("{name}: {{ sha256: {hash}{limits} }}");
    match arguments.format {
        Format::Text => {
            say!("token, shown this once:\n  {token}\n{place}:\n  tokens:\n    {line}");
        }
        Format::Json => print_json(&serde_json::json!({
            "name": name, "token": token, "sha256": hash, "yaml": line,
        }))?,
    }
    Ok(Answer::Done)
}
