//! Why what somebody wrote is not kept, in their language.

use kpid_language::{Language, text};
use kpid_rules::alerting::{OperatorActionError, SILENCE_DAYS_MAX, TEXT_CHARS_MAX};

/// Why what somebody wrote cannot be kept.
pub(super) fn refusal(language: &Language, error: &OperatorActionError) -> String {
    match error {
        OperatorActionError::Backwards | OperatorActionError::Over | OperatorActionError::Past => {
            language.text("act-past").into_owned()
        }
        OperatorActionError::TooLong => {
            text!(language, "silence-too-long", days = SILENCE_DAYS_MAX)
        }
        OperatorActionError::Empty(_) => language.text("act-empty").into_owned(),
        OperatorActionError::TooWordy(_) => {
            text!(language, "act-too-wordy", count = TEXT_CHARS_MAX)
        }
    }
}
