//! Places that vary together: no two lines differ in one of them alone.

use super::code::Code;
use super::generalise::surroundings;
use super::mining::Learned;
use super::template::Template;

/// How often the places and the templates that differ in them are narrowed down.
const ROUNDS: usize = 4;

impl Learned {
    /// `node` with variables where it and its like vary together, and those that it then stands for.
    pub(super) fn varying_together(&self, node: u32) -> Option<(Template, Vec<u32>)> {
        let template = &self.nodes.get(node)?.template;
        let siblings = self.shapes.get(&template.shape())?.iter().copied();
        let mut like: Vec<u32> = siblings
            .filter(|&other| other != node)
            .filter(|&other| {
                self.nodes.get(other).is_some_and(|other| is_like(template.codes(), other.template.codes()))
            })
            .collect();
        let mut places = self.places(template, &like);
        for _ in 0..ROUNDS {
            if places.is_empty() || like.len() + 1 < self.thresholds.joint {
                return None;
            }
            let before = like.len();
            like.retain(|&other| {
                self.nodes.get(other).is_some_and(|other| {
                    let mut pairs = template.codes().iter().zip(other.template.codes()).enumerate();
                    pairs.all(|(place, (own, other))| {
                        own == other || own.is_variable() || places.contains(&place)
                    })
                })
            });
            if like.len() == before {
                return Some((template.with_variable(&places), like));
            }
            places = self.places(template, &like);
        }
        None
    }

    /// The places where `template` and those `like` it have enough values.
    fn places(&self, template: &Template, like: &[u32]) -> Vec<usize> {
        let words = template.codes().iter().enumerate().filter(|(_, code)| code.is_word());
        words.map(|(place, _)| place).filter(|&place| self.enough(template, place, like)).collect()
    }

    fn enough(&self, template: &Template, place: usize, like: &[u32]) -> bool {
        let others = like.iter().filter_map(|other| self.nodes.get(*other));
        let mut values: Vec<&[u8]> = others.map(|other| other.template.part(place)).collect();
        values.push(template.part(place));
        values.sort_unstable();
        values.dedup();
        values.len() >= self.thresholds.joint
            && values.len() >= self.thresholds.needed(surroundings(template, place), &values)
    }
}

/// Whether two templates of a shape agree in two words at least, and in no fewer than they differ in.
fn is_like(one: &[Code], other: &[Code]) -> bool {
    let (mut agree, mut differ) = (0, 0);
    for (own, other) in one.iter().zip(other) {
        if own != other {
            differ += 1;
        } else if own.is_word() {
            agree += 1;
        }
    }
    agree >= 2 && agree >= differ
}
