mod key;
mod resolver;
mod ring;
mod settings;
mod stories;
