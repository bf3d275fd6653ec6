//! Where a Server Reference leads, as seen from our URL. The npm package has its own code for it, which has to agree:
//! `tests/browser/redirects.test.mjs`.

use webmqtt::session::redirect::resolve;

#[test]
fn a_server_reference_leads_where_the_table_says() {
    let lines = include_str!("redirects.tsv").lines();
    let mut rows = 0;
    for line in lines.filter(|line| !line.starts_with('#')) {
        let line = line.replace("\\n", "\n");
        let [url, reference, expected] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("three columns: {line}");
        };
        let expected = Some(expected).filter(|expected| !expected.is_empty());
        let found = resolve(url, reference).map(|found| found.replace("WSS:", "wss:"));
        assert_eq!(found.as_deref(), expected, "{url} {reference:?}");
        rows += 1;
    }
    assert!(rows > 50, "{rows}");
}
