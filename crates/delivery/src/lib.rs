//! How messages leave kpid: by mail or by an HTTP request. A message is rendered from facts that were
//! fixed when the decision was made; a delivery is made, due again, or given up with the reason.

pub mod channel;
pub mod channels;
pub mod config_trouble;
pub mod delivery;
pub mod mail_address;
mod network_error;
pub mod private_url;
pub mod retry;
pub mod routing;
pub mod send_error;
mod smtp;
pub mod ssrf_guard;
pub mod webhook;
