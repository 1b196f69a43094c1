//! `kpid schema`: the JSON Schema by which editors complete and check the files.

use clap::ValueEnum;

use crate::cli::{Answer, failure::Failure, output::print_json};
use kpid_config::schema;

/// Print the JSON Schema of the files, for completion in an editor
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Of which file
    #[arg(long, value_enum, default_value_t)]
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Kind {
    /// A scorecard file.
    #[default]
    Scorecard,
    /// kpid.yaml
    Kpid,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Failure> {
    let (found, title) = match arguments.kind {
        Kind::Scorecard => (schema::scorecard(), "a kpid scorecard"),
        Kind::Kpid => (schema::daemon(), "kpid.yaml"),
    };
    let mut schema = found.to_value();
    close(&mut schema);
    schema["title"] = title.into();
    // A place for anchors, which means nothing here.
    schema["patternProperties"] = serde_json::json!({ (schema::unread_keys()): {} });
    print_json(&schema)?;
    Ok(Answer::Done)
}

/// An unknown key is a mistake, here as in `kpid check`.
fn close(schema: &mut serde_json::Value) {
    if let Some(object) = schema.as_object_mut()
        && object.contains_key("properties")
        && !object.contains_key("additionalProperties")
    {
        object.insert("additionalProperties".to_owned(), false.into());
    }
    match schema {
        serde_json::Value::Object(object) => object.values_mut().for_each(close),
        serde_json::Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}
