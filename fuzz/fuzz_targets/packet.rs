//! libFuzzer's way into [`webmqtt_fuzz::packet`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| webmqtt_fuzz::packet::run(data));
