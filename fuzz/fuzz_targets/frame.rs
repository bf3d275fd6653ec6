//! libFuzzer's way into [`webmqtt_fuzz::frame`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| webmqtt_fuzz::frame::run(data));
