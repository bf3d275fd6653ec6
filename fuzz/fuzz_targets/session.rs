//! libFuzzer's way into [`webmqtt_fuzz::session`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| webmqtt_fuzz::session::run(data));
