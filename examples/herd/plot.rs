//! Attempts per second over time as an SVG: one panel per fault, one line per policy, a logarithmic scale.

use std::fmt::Write as _;

use crate::simulation::BIN;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 34.0;
const GAP: f64 = 66.0;
/// The scale has so many powers of ten, from 1 on.
const DECADES: f64 = 6.0;

/// How one herd went.
pub struct Line {
    pub name: &'static str,
    pub colour: &'static str,
    /// Per [`BIN`].
    pub counts: Vec<u32>,
}

pub struct Panel {
    pub title: String,
    /// How much of it is drawn.
    pub seconds: u64,
    /// How long the broker is away, in milliseconds.
    pub away: u64,
    pub lines: Vec<Line>,
}

pub fn draw(panels: &[Panel]) -> String {
    let height = TOP + panels.len() as f64 * (HEIGHT + GAP);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    for (nth, panel) in panels.iter().enumerate() {
        one(&mut svg, panel, TOP + nth as f64 * (HEIGHT + GAP));
    }
    svg.push_str("</svg>\n");
    svg
}

fn one(svg: &mut String, panel: &Panel, top: f64) {
    let right = WIDTH - RIGHT;
    let bottom = top + HEIGHT;
    let x = |seconds: f64| LEFT + (right - LEFT) * seconds / panel.seconds as f64;
    let y = |rate: f64| bottom - HEIGHT * rate.max(1.0).log10() / DECADES;
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"{}\" font-weight=\"bold\">{}</text>",
        top - 12.0,
        panel.title
    );
    if panel.away > 0 {
        let width = x(panel.away as f64 / 1000.0) - LEFT;
        let _ = writeln!(
            svg,
            "<rect x=\"{LEFT}\" y=\"{top}\" width=\"{width:.1}\" height=\"{HEIGHT}\" fill=\"#eee\"/>"
        );
    }
    for power in 0..=DECADES as i32 {
        let rate = 10f64.powi(power);
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {0:.1}H{right}\" stroke=\"#ccc\"/>\
             <text x=\"{1}\" y=\"{2:.1}\" text-anchor=\"end\" fill=\"#555\">{rate}</text>",
            y(rate),
            LEFT - 8.0,
            y(rate) + 4.0,
        );
    }
    for part in 0..=6 {
        let seconds = panel.seconds as f64 * f64::from(part) / 6.0;
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\" fill=\"#555\">{seconds} s</text>",
            x(seconds),
            bottom + 18.0
        );
    }
    // Narrow bins where little time is drawn, so that a burst is one.
    let bins = if panel.seconds <= 20 { 1 } else { 10 };
    let width = (bins as u64 * BIN) as f64 / 1000.0;
    for (nth, line) in panel.lines.iter().enumerate() {
        let mut path = String::new();
        for (bin, counts) in line.counts.chunks(bins).enumerate() {
            let from = bin as f64 * width;
            if from >= panel.seconds as f64 {
                break;
            }
            let count: u32 = counts.iter().sum();
            let command = if bin == 0 { 'M' } else { 'L' };
            let _ = write!(
                path,
                "{command}{:.1} {:.1}H{:.1}",
                x(from),
                y(f64::from(count) / width),
                x((from + width).min(panel.seconds as f64))
            );
        }
        let at = right - 175.0 * (panel.lines.len() - nth) as f64;
        let _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{0}\" stroke-width=\"1.5\"/>\
             <path d=\"M{at} {1}h22\" stroke=\"{0}\" stroke-width=\"3\"/><text x=\"{2}\" y=\"{3}\">{4}</text>",
            line.colour,
            top - 16.0,
            at + 28.0,
            top - 12.0,
            line.name
        );
    }
}
