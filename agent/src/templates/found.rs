//! The templates of an input, and which line is of which.

use std::collections::HashMap;

use edgewatch_processors::log_templates::miner::{Event, Limits, Miner, TemplateId};

/// What of a line is shown as an example.
const EXAMPLE: usize = 240;

/// Which line is of which template: four bytes for each line, and the templates.
#[derive(Debug)]
pub(super) struct Found {
    miner: Miner,
    /// Numbers of templates, in the order of the lines.
    lines: Vec<u32>,
    numbers: HashMap<TemplateId, u32>,
    templates: Vec<Template>,
    forgotten: u64,
}

/// A template that there is or was.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) id: TemplateId,
    pub(super) text: String,
    /// The first line that was given it.
    pub(super) example: Option<(usize, String)>,
    /// The number of the one that stands for it.
    into: Option<u32>,
}

impl Found {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            miner: Miner::new(limits),
            lines: Vec::new(),
            numbers: HashMap::new(),
            templates: Vec::new(),
            forgotten: 0,
        }
    }

    /// Adds a line.
    pub(super) fn add(&mut self, line: &[u8]) {
        let id = self.miner.mine(line);
        self.follow();
        let number = self.number(id);
        let at = self.lines.len();
        if let Some(template) = self.templates.get_mut(number as usize) {
            template.example.get_or_insert_with(|| (at, example(line)));
        }
        self.lines.push(number);
    }

    /// The input is at its end.
    pub(super) fn end(&mut self) {
        self.miner.review();
        self.follow();
    }

    /// Notes what became of templates.
    fn follow(&mut self) {
        let events: Vec<Event> = self.miner.take_events().collect();
        for event in events {
            self.note(&event);
        }
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::New { id } => {
                let number = self.number(*id);
                if let Some(template) = self.templates.get_mut(number as usize) {
                    template.into = None;
                }
            }
            Event::Merged { from, into } => {
                let (from, into) = (self.number(*from), self.number(*into));
                if let Some(template) = self.templates.get_mut(from as usize) {
                    template.into = Some(into);
                }
            }
            Event::Forgotten { .. } => self.forgotten += 1,
        }
    }

    fn number(&mut self, id: TemplateId) -> u32 {
        let next = u32::try_from(self.templates.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(id).or_insert(next);
        if number == next {
            let text = self.miner.text(id).unwrap_or_default().to_owned();
            self.templates.push(Template { id, text, example: None, into: None });
        }
        number
    }

    /// The template that stands for the one with this number.
    fn standing(&self, mut number: u32) -> Option<(u32, &Template)> {
        // Nothing stands for itself, but a chain is followed no further than there are templates.
        for _ in 0..=self.templates.len() {
            let template = self.templates.get(number as usize)?;
            match template.into {
                Some(into) => number = into,
                None => return Some((number, template)),
            }
        }
        None
    }

    /// The template of each line, as it stands now.
    pub(super) fn lines(&self) -> impl Iterator<Item = &Template> {
        let standing: Vec<u32> = (0..self.templates.len() as u32)
            .map(|number| self.standing(number).map_or(number, |(at, _)| at))
            .collect();
        self.lines.iter().filter_map(move |&number| {
            let number = standing.get(number as usize)?;
            self.templates.get(*number as usize)
        })
    }

    /// Every template that there is, with its number of lines and the first of them, the most frequent first.
    pub(super) fn templates(&self) -> Vec<(usize, &Template, &str)> {
        let mut counts: HashMap<u32, usize> = HashMap::new();
        let mut examples: HashMap<u32, &(usize, String)> = HashMap::new();
        for &line in &self.lines {
            if let Some((number, _)) = self.standing(line) {
                *counts.entry(number).or_default() += 1;
            }
        }
        for number in 0..self.templates.len() as u32 {
            let own = self.templates.get(number as usize).and_then(|template| template.example.as_ref());
            if let (Some((standing, _)), Some(own)) = (self.standing(number), own) {
                let first = examples.entry(standing).or_insert(own);
                *first = (*first).min(own);
            }
        }
        let mut templates: Vec<(usize, &Template, &str)> = counts
            .into_iter()
            .filter_map(|(number, count)| {
                let example = examples.get(&number).map_or("", |(_, example)| example);
                Some((count, self.templates.get(number as usize)?, example))
            })
            .collect();
        templates.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.text.cmp(&other.1.text)));
        templates
    }

    pub(super) fn count(&self) -> usize {
        self.lines.len()
    }

    /// How many templates were forgotten.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}

/// The beginning of a line, as text.
fn example(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line.get(..4 * EXAMPLE).unwrap_or(line));
    text.chars().take(EXAMPLE).collect()
}
