//! Whoever a command names: a person or a channel, and the route there.

use crate::cli::failure::Failure;
use kpid_config::{problem, setup::Setup};
use kpid_delivery::routing::{Route, RouteError, route};
use kpid_rules::model::Id;

/// The route to whoever is named; else why there is none.
pub(crate) fn find(
    setup: &Setup,
    name: &str,
) -> Result<(Id, Route), (Option<RouteError>, Failure)> {
    let to = Id::parse(name).map_err(|error| (None, Failure::new(error.to_string())))?;
    match route(&to, &setup.people, &setup.channels) {
        Ok(route) => Ok((to, route)),
        Err(error) => {
            let names = setup.people.keys().chain(setup.channels.keys()).map(Id::as_str);
            let hint = match error {
                RouteError::Unknown(_) => problem::suggestion(name, names),
                _ => None,
            };
            let failure = Failure::new(error.to_string());
            Err(match hint {
                Some(hint) => (Some(error), failure.hint(hint)),
                None => (Some(error), failure),
            })
        }
    }
}
