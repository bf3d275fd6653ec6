//! Arbitrary bytes as a property list.

use webmqtt::codec::{Properties, PropertiesBuf, Property};

use crate::meter;

/// The bytes of a list without its length.
pub fn run(data: &[u8]) {
    meter::reset();
    let checked = meter::inside(|| Properties::from_bytes(data));
    let cost = meter::cost();
    assert_eq!(cost.allocations, 0, "checking allocates");
    assert!(
        cost.work <= 200 + 60 * data.len() as u64,
        "{} bytes took {} steps",
        data.len(),
        cost.work
    );
    let properties = match checked {
        Ok(properties) => properties,
        Err(error) => {
            assert!(error.reason().is_error());
            return;
        }
    };
    assert_eq!(properties.is_empty(), data.is_empty());

    let mut built = PropertiesBuf::new();
    for property in properties {
        getters_agree(properties, property);
        built.push(property).expect("it stood in a valid list");
    }
    assert_eq!(built.as_properties(), properties, "each is written one way");
    assert_eq!(PropertiesBuf::from(properties), built);

    let mut pairs = properties.user_properties();
    let mut identifiers = properties.subscription_identifiers();
    for property in properties {
        match property {
            Property::Pair(name, value) => assert_eq!(pairs.next(), Some((name, value))),
            Property::VarInt(_, value) => assert_eq!(identifiers.next(), Some(value)),
            _ => {}
        }
    }
    assert_eq!((pairs.next(), identifiers.next()), (None, None));
}

fn getters_agree(properties: Properties<'_>, property: Property<'_>) {
    let id = property.id();
    let got = (
        properties.byte(id),
        properties.two_byte(id),
        properties.four_byte(id),
        properties.text(id),
        properties.binary(id),
    );
    let expected = match property {
        Property::Byte(_, value) => (Some(value), None, None, None, None),
        Property::TwoByte(_, value) => (None, Some(value), None, None, None),
        Property::FourByte(_, value) => (None, None, Some(value), None, None),
        Property::Text(_, value) => (None, None, None, Some(value), None),
        Property::Binary(_, value) => (None, None, None, None, Some(value)),
        Property::VarInt(..) | Property::Pair(..) => (None, None, None, None, None),
    };
    assert_eq!(got, expected, "{property:?}");
}
