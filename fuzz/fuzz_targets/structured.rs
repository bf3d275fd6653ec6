//! libFuzzer's way into [`webmqtt_fuzz::structured`].
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| webmqtt_fuzz::structured::run(data));
