//! What a browser may load and run of what it is answered, as Content-Security-Policy.

/// For pages. Nothing but ours: its style sheet, its script, its forms; in nobody's frame.
pub(super) const PAGES: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
                                connect-src 'self'; img-src 'self' data:; form-action 'self'; \
                                base-uri 'none'; frame-ancestors 'none'";

/// What is no page runs, shows and sends nothing.
pub(super) const OTHERS: &str =
    "default-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
