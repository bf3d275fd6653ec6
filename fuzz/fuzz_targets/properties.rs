//! libFuzzer's way into [`webmqtt_fuzz::properties`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| webmqtt_fuzz::properties::run(data));
