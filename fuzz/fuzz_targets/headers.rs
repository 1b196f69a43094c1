#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kpid_fuzz::headers(bytes));
