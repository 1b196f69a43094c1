//! Systems that cannot be asked, and push their figures instead.

/// Who may push over a connection, and how often.
#[derive(Clone, Debug)]
pub struct PushEndpoint {
    /// The tokens that open it: name and SHA-256; the tokens themselves are nowhere.
    pub tokens: Vec<(String, [u8; 32])>,
    /// Requests a minute.
    pub per_minute_max: u32,
}
