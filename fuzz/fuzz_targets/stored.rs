//! libFuzzer's way into [`webmqtt_fuzz::stored`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| webmqtt_fuzz::stored::run(data));
