//! `kpid demo`: Calder Cycles, a company of its own, run for real.

mod apis;
mod calder;
mod folder;
mod hook;
mod ledgers;
mod mails;
