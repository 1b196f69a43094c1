//! `kpid token`: a token for whoever may look, and the hash that the configuration keeps.

use rand::RngExt as _;

use crate::{
    cli::{Answer, output::say},
    web::access,
};

/// As hard to guess as anything.
const TOKEN_BYTES: usize = 32;

/// Make a token for the page and its APIs, and the line that lets it in
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Who gets it: the name it has in the configuration
    #[arg(default_value = "somebody")]
    name: String,
}

pub(crate) fn run(arguments: &Arguments) -> Answer {
    let bytes: [u8; TOKEN_BYTES] = rand::rng().random();
    let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let (name, hash) = (&arguments.name, access::hash(&token));
    say!(
        "token, shown this once:\n  {token}\nfor `web:` of kpid.yaml, or for the `push:` of a connection:\n  tokens:\n    {name}: {{ sha256: {hash} }}"
    );
    Answer::Done
}
