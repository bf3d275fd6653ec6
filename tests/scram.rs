//! SCRAM-SHA-256: the example of RFC 7677, what a hostile server tries, and an exchange within a session.
#![cfg(feature = "scram")]

mod pair;

use base64ct::{Base64, Encoding};
use pair::*;
use webmqtt::codec::{Auth, Packet, PacketType, Property, PropertyId, ReasonCode, Version};
use webmqtt::error::Error;
use webmqtt::scram::{ScramError, ScramSha256};
use webmqtt::session::{AuthenticationStep, ConnectOptions, Prepared, Session, State};

// RFC 7677, section 3.
const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const FIRST: &str = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const CHALLENGE: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                         s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const ANSWER: &str = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                      p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const LAST: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

fn exchange() -> ScramSha256 {
    let mut random = [0; 15];
    Base64::decode(NONCE, &mut random).unwrap();
    ScramSha256::new("user", "pencil", random).unwrap()
}

#[test]
fn the_example_of_rfc_7677() {
    let mut scram = exchange();
    assert_eq!(scram.first(), FIRST.as_bytes());
    assert_eq!(
        scram.answer(CHALLENGE.as_bytes()).unwrap(),
        ANSWER.as_bytes()
    );
    assert_eq!(scram.finish(LAST.as_bytes()), Ok(()));
    let extended = [LAST, ",x=more"].concat();
    assert_eq!(scram.finish(extended.as_bytes()), Ok(()));
}

#[test]
fn a_server_without_the_right_signature_is_not_believed() {
    let scram = exchange();
    assert_eq!(scram.finish(LAST.as_bytes()), Err(ScramError::Proof));
    let mut scram = exchange();
    scram.answer(CHALLENGE.as_bytes()).unwrap();
    let flipped = LAST.replace("6rri", "7rri");
    let cut = LAST.replace("6rri", "");
    for wrong in [
        &flipped,
        &cut,
        "",
        "v=",
        "v=!",
        "e=other-error",
        "x=1,v=6rri",
    ] {
        let result = scram.finish(wrong.as_bytes());
        assert_eq!(result, Err(ScramError::Proof), "{wrong}");
    }
    assert_eq!(scram.finish(&[0xFF]), Err(ScramError::Proof));
}

#[test]
fn a_challenge_that_is_not_for_us_gets_no_proof() {
    let ours = "r=rOprNGfwEbeRWgbNEkqO";
    let others = [
        CHALLENGE.replace("r=rOpr", "r=xOpr"),
        format!("{ours},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
        format!("m=must,{CHALLENGE}"),
        CHALLENGE.replace("s=W22Z", "s=!22Z"),
        format!("{ours}x,s=,i=4096"),
        CHALLENGE.replace("i=4096", "i=+4096"),
        CHALLENGE.replace("i=4096", "i="),
        CHALLENGE.replace("i=4096", "i=99999999999"),
        CHALLENGE.replace(",i=4096", ""),
        format!("{ours}\u{7F},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"),
        "e=unknown-user".into(),
        String::new(),
    ];
    for challenge in others {
        let answer = exchange().answer(challenge.as_bytes());
        assert_eq!(answer, Err(ScramError::Message), "{challenge}");
    }
    assert_eq!(exchange().answer(&[0xFF]), Err(ScramError::Message));
}

#[test]
fn a_second_challenge_is_refused() {
    let mut scram = exchange();
    scram.answer(CHALLENGE.as_bytes()).unwrap();
    let again = scram.answer(CHALLENGE.as_bytes());
    assert_eq!(again, Err(ScramError::Message));
}

#[test]
fn the_number_of_iterations_is_bounded() {
    for count in ["0", "1", "4095", "1000001", "4294967295"] {
        let challenge = CHALLENGE.replace("i=4096", &format!("i={count}"));
        let answer = exchange().answer(challenge.as_bytes());
        assert_eq!(answer, Err(ScramError::Iterations), "{count}");
    }
    let challenge = CHALLENGE.replace("i=4096", "i=4097,x=an extension");
    assert!(exchange().answer(challenge.as_bytes()).is_ok());
}

#[test]
fn what_scram_uses_itself_is_escaped_in_the_user_name() {
    let scram = ScramSha256::new("a=b,c", "x", [0; 15]).unwrap();
    let first = scram.first();
    assert!(first.starts_with(b"n,,n=a=3Db=2Cc,r=AAAA"));
}

#[test]
fn empty_credentials_and_control_characters_are_refused() {
    for (username, password) in [("", "x"), ("x", ""), ("a\0", "x"), ("x", "a\nb")] {
        let refused = ScramSha256::new(username, password, [0; 15]).err();
        assert_eq!(refused, Some(ScramError::Credentials));
    }
}

// In a session

fn method_and(data: &str) -> [Property<'_>; 2] {
    [
        Property::Text(PropertyId::AuthenticationMethod, ScramSha256::METHOD),
        Property::Binary(PropertyId::AuthenticationData, data.as_bytes()),
    ]
}

/// Up to the server's last message, which the application has seen.
fn session_with(last: &str) -> (Scripted, Result<(), ScramError>) {
    let mut scram = exchange();
    let mut peer = Scripted::new(ConnectOptions {
        ask: true,
        authentication_method: Some(ScramSha256::METHOD.into()),
        ..clean(Version::V5)
    });
    peer.act(Session::connect).unwrap();
    let prepared = Prepared {
        authentication_data: Some(scram.first()),
        ..Prepared::default()
    };
    peer.act(|session, now| session.prepared(now, prepared))
        .unwrap();
    peer.open();
    peer.expect(PacketType::Connect);
    let challenge = properties(&method_and(CHALLENGE));
    peer.send(&Packet::Auth(Auth {
        reason: ReasonCode::ContinueAuthentication,
        properties: challenge.as_properties(),
    }));
    let answer = scram.answer(&asked(&peer, AuthenticationStep::Continue));
    let answer = answer.unwrap();
    peer.act(|session, now| session.authenticate(now, Some(&answer)))
        .unwrap();
    match peer.expect(PacketType::Auth).packet() {
        Packet::Auth(auth) => {
            let data = auth.properties.binary(PropertyId::AuthenticationData);
            assert_eq!(data, Some(ANSWER.as_bytes()));
        }
        _ => unreachable!(),
    }
    peer.accept_with(false, &method_and(last));
    let judged = scram.finish(&asked(&peer, AuthenticationStep::Success));
    (peer, judged)
}

/// The data of the last step of this kind.
fn asked(peer: &Scripted, wanted: AuthenticationStep) -> Vec<u8> {
    let mut latest_first = peer.happened.iter().rev();
    let data = latest_first.find_map(|it| match &it.what {
        What::Authentication { step, data } if *step == wanted => data.clone(),
        _ => None,
    });
    data.expect("a step with data")
}

/// AUT-01
#[test]
fn a_session_connects_with_it() {
    let (mut peer, judged) = session_with(LAST);
    assert_eq!(judged, Ok(()));
    peer.act(|session, now| session.authenticate(now, None))
        .unwrap();
    assert_eq!(peer.state(), State::Connected);
}

/// AUT-09
#[test]
fn a_session_does_not_connect_to_a_server_that_does_not_know_the_password() {
    let (mut peer, judged) = session_with("v=AAAA");
    assert_eq!(judged, Err(ScramError::Proof));
    peer.act(Session::authentication_failed);
    assert_eq!(peer.cause(), Some(Error::Authentication));
    peer.expect_hang_up(&[ReasonCode::UnspecifiedError]);
}
