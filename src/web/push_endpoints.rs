//! The endpoints that systems push to: whom a token lets in, and how often.

use std::sync::Mutex;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;

use crate::web::minute::Minute;
use kpid_rules::model::Id;
use kpid_sources::push::PushEndpoint;

/// Pushes under way at once: what their bodies take together is little.
const PUSHES_MAX: usize = 8;

/// The endpoints of all systems that push.
#[derive(Debug)]
pub struct PushEndpoints {
    endpoints: Vec<(Id, PushEndpoint, Mutex<Minute>)>,
    pub(super) under_way: Semaphore,
}

impl PushEndpoints {
    /// Closed to everybody without a token.
    pub fn new<'d>(endpoints: impl Iterator<Item = (&'d Id, &'d PushEndpoint)>) -> Self {
        let endpoints =
            endpoints.map(|(id, endpoint)| (id.clone(), endpoint.clone(), Mutex::default()));
        Self { endpoints: endpoints.collect(), under_way: Semaphore::new(PUSHES_MAX) }
    }

    /// The endpoint that a token opens, and the token's name. Takes as long for a token that is nearly
    /// right as for any other.
    pub(super) fn of_token(
        &self,
        token: &str,
    ) -> Option<(&Id, &str, &PushEndpoint, &Mutex<Minute>)> {
        let hash: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let mut found = None;
        for (id, endpoint, minute) in &self.endpoints {
            for (name, held) in &endpoint.tokens {
                if bool::from(held.ct_eq(&hash)) {
                    found = Some((id, name.as_str(), endpoint, minute));
                }
            }
        }
        found
    }
}
