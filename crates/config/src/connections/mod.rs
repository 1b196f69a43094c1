//! `connections:` of `kpid.yaml`: the systems that hold actuals; what each kind takes is in `source/`.

pub(crate) mod document;
pub(crate) mod parse;
