//! libFuzzer's way into [`webmqtt_fuzz::topic`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| webmqtt_fuzz::topic::run(data));
