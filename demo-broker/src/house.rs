//! A simulated house whose sensors report plausible values. Pure: time is an argument, chance comes
//! from a seed. Knows nothing of MQTT beyond topic and payload.
//!
//! A day of the house passes in 24 minutes, so that whoever watches for a minute sees it move.

use std::f64::consts::TAU;
use std::time::Duration;

/// One value that a sensor reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Topic name.
    pub topic: &'static str,
    /// Payload as text.
    pub payload: String,
}

#[derive(Clone, Copy)]
enum Sensor {
    KitchenTemperature,
    KitchenHumidity,
    GreenhouseLight,
    OfficeCo2,
    HousePower,
    GarageDoor,
}

/// Sensor, seconds between two reports, seconds until its second report: staggered, so that
/// messages come in a stream and not in bursts. About 3.6 messages a second in all.
const SCHEDULE: [(Sensor, f64, f64); 6] = [
    (Sensor::KitchenTemperature, 1.0, 0.25),
    (Sensor::HousePower, 1.0, 0.5),
    (Sensor::GreenhouseLight, 1.0, 0.75),
    (Sensor::KitchenHumidity, 2.5, 1.1),
    (Sensor::OfficeCo2, 5.0, 1.6),
    (Sensor::GarageDoor, 40.0, 8.0),
];

/// The house and when each of its sensors reports next.
pub struct House {
    chance: Chance,
    due: [f64; SCHEDULE.len()],
    temperature: Wander,
    humidity: Wander,
    cloud: Wander,
    co2: Wander,
    base_load: Wander,
    kettle_until: f64,
    door_open: bool,
}

impl House {
    /// A house at eight in the morning. Equal seeds give equal days.
    pub fn new(seed: u64) -> Self {
        Self {
            chance: Chance(seed),
            due: [0.0; SCHEDULE.len()],
            temperature: Wander::new(0.06, 0.6),
            humidity: Wander::new(0.4, 4.0),
            cloud: Wander::new(0.06, 0.35),
            co2: Wander::new(9.0, 120.0),
            base_load: Wander::new(14.0, 90.0),
            kettle_until: 0.0,
            door_open: false,
        }
    }

    /// What the sensors report at `now`, the time since the house began. Every sensor reports in the
    /// first call. Time that passed without a call is not made up for.
    pub fn report(&mut self, now: Duration) -> Vec<Reading> {
        let now = now.as_secs_f64();
        let mut readings = Vec::new();
        for (index, (sensor, every, first)) in SCHEDULE.into_iter().enumerate() {
            if now < self.due[index] {
                continue;
            }
            self.due[index] = if self.due[index] == 0.0 {
                now + first
            } else {
                (self.due[index] + every).max(now)
            };
            readings.push(self.read(sensor, now));
        }
        readings
    }

    /// When the next sensor reports.
    pub fn next_report(&self) -> Duration {
        Duration::from_secs_f64(self.due.into_iter().fold(f64::INFINITY, f64::min))
    }

    fn read(&mut self, sensor: Sensor, now: f64) -> Reading {
        let hour = (8.0 + now / 60.0) % 24.0;
        // -1 deep in the night, 1 in the afternoon.
        let day = -((hour - 2.5) / 24.0 * TAU).cos();
        match sensor {
            Sensor::KitchenTemperature => {
                let value = 21.4 + 1.6 * day + self.temperature.step(&mut self.chance);
                reading("demo/kitchen/temperature", format!("{value:.2}"))
            }
            Sensor::KitchenHumidity => {
                let value = 47.0 - 5.0 * day + self.humidity.step(&mut self.chance);
                reading("demo/kitchen/humidity", format!("{value:.1}"))
            }
            Sensor::GreenhouseLight => {
                let sun = ((hour - 6.0) / 14.0 * TAU / 2.0).sin();
                let sun = if (6.0..20.0).contains(&hour) {
                    sun
                } else {
                    0.0
                };
                let clouds = 0.65 + self.cloud.step(&mut self.chance);
                let lux = 28_000.0 * sun * clouds + 4.0 + 3.0 * self.chance.unit();
                reading("demo/greenhouse/light", format!("{lux:.0}"))
            }
            Sensor::OfficeCo2 => {
                let people = if (9.0..17.0).contains(&hour) {
                    260.0
                } else {
                    40.0
                };
                let value = 480.0 + people + self.co2.step(&mut self.chance);
                reading("demo/office/co2", format!("{value:.0}"))
            }
            Sensor::HousePower => {
                if now >= self.kettle_until && self.chance.unit() < 0.02 {
                    self.kettle_until = now + 8.0 + 10.0 * self.chance.unit();
                }
                let kettle = if now < self.kettle_until {
                    1_900.0
                } else {
                    0.0
                };
                let evening = if (17.0..23.0).contains(&hour) {
                    260.0
                } else {
                    0.0
                };
                let noise = 8.0 * (self.chance.unit() - 0.5);
                let watts =
                    310.0 + evening + kettle + self.base_load.step(&mut self.chance) + noise;
                let volts = 230.6 - kettle / 1_500.0 + (self.chance.unit() - 0.5);
                reading(
                    "demo/power/house",
                    format!(r#"{{"watts":{watts:.0},"volts":{volts:.1}}}"#),
                )
            }
            Sensor::GarageDoor => {
                let word = if self.door_open { "open" } else { "closed" };
                self.door_open = !self.door_open;
                reading("demo/garage/door", word.to_owned())
            }
        }
    }
}

fn reading(topic: &'static str, payload: String) -> Reading {
    Reading { topic, payload }
}

/// A random walk that is drawn back towards zero and never leaves ±`limit`.
struct Wander {
    value: f64,
    stride: f64,
    limit: f64,
}

impl Wander {
    fn new(stride: f64, limit: f64) -> Self {
        Self {
            value: 0.0,
            stride,
            limit,
        }
    }

    fn step(&mut self, chance: &mut Chance) -> f64 {
        let push = self.stride * (2.0 * chance.unit() - 1.0);
        self.value = (self.value * 0.985 + push).clamp(-self.limit, self.limit);
        self.value
    }
}

/// SplitMix64: enough for noise, and the same on every machine.
struct Chance(u64);

impl Chance {
    /// A number in `0.0..1.0`.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A day and a half of the house, as its clock would drive it.
    fn live(seed: u64) -> Vec<(Duration, Reading)> {
        let mut house = House::new(seed);
        let mut all = Vec::new();
        let mut now = Duration::ZERO;
        while now < Duration::from_secs(36 * 60) {
            all.extend(house.report(now).into_iter().map(|reading| (now, reading)));
            now = house.next_report();
        }
        all
    }

    #[test]
    fn every_sensor_reports_at_once() {
        let first = House::new(1).report(Duration::ZERO);
        assert_eq!(first.len(), SCHEDULE.len());
    }

    #[test]
    fn two_to_four_messages_a_second() {
        let rate = live(1).len() as f64 / (36.0 * 60.0);
        assert!((2.0..=4.0).contains(&rate), "{rate}");
    }

    #[test]
    fn values_stay_plausible_day_and_night() {
        for (at, reading) in live(7) {
            let text = reading.payload.as_str();
            let range = match reading.topic {
                "demo/kitchen/temperature" => 18.0..25.0,
                "demo/kitchen/humidity" => 35.0..60.0,
                "demo/greenhouse/light" => 0.0..30_000.0,
                "demo/office/co2" => 380.0..900.0,
                "demo/power/house" => {
                    let watts = text
                        .strip_prefix(r#"{"watts":"#)
                        .and_then(|rest| rest.split_once(r#","volts":"#))
                        .and_then(|(watts, _)| watts.parse::<f64>().ok());
                    assert!(
                        watts.is_some_and(|watts| (150.0..3_000.0).contains(&watts)),
                        "{at:?} {text}"
                    );
                    continue;
                }
                "demo/garage/door" => {
                    assert!(["open", "closed"].contains(&text));
                    continue;
                }
                other => panic!("unknown topic {other}"),
            };
            let value: f64 = text.parse().unwrap();
            assert!(range.contains(&value), "{at:?} {reading:?}");
        }
    }

    #[test]
    fn equal_seeds_give_equal_days_and_others_do_not() {
        assert_eq!(live(3), live(3));
        assert_ne!(live(3), live(4));
    }

    #[test]
    fn a_late_clock_gets_one_report_and_no_backlog() {
        let mut house = House::new(1);
        house.report(Duration::ZERO);
        house.report(Duration::from_secs(1));
        let late = Duration::from_secs(3_600);
        assert_eq!(house.report(late).len(), SCHEDULE.len());
        assert!(house.next_report() >= late);
    }
}
