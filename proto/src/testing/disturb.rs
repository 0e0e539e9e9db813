use crate::scan::{KEY_VALUE, Kind, Schema};
use crate::view::{Fixed64s, Varints};
use crate::wire::{
    Fields, Payload, WireType, put_bytes, put_fixed32, put_fixed64, put_tag, put_varint_field,
};

/// Rewrites a message so that it means the same to those who know `schema`, but has unknown fields of every kind at any
/// place and packed lists in unpacked form.
pub(crate) fn disturb(schema: &'static Schema, message: &[u8], seed: u64) -> Vec<u8> {
    let mut out = Vec::new();
    rewrite(schema, message, &mut Dice(seed | 1), &mut out);
    out
}

/// A xorshift generator.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

fn rewrite(schema: &'static Schema, message: &[u8], dice: &mut Dice, out: &mut Vec<u8>) {
    for field in Fields::new(message) {
        put_unknown(dice, out);
        match (schema.kind(field.number), field.payload) {
            (Kind::Message(inner) | Kind::Item(inner) | Kind::Data(inner), Payload::Len(bytes)) => {
                put_rewritten(inner, field.number, bytes, dice, out);
            }
            (Kind::KeyValue, Payload::Len(bytes)) => {
                put_rewritten(&KEY_VALUE, field.number, bytes, dice, out)
            }
            (Kind::Varints, Payload::Len(_)) if dice.roll(2) == 0 => {
                Varints::new(field.raw, field.number)
                    .for_each(|value| put_varint_field(out, field.number, value));
            }
            (Kind::Fixed64s, Payload::Len(_)) if dice.roll(2) == 0 => {
                Fixed64s::new(field.raw, field.number)
                    .for_each(|value| put_fixed64(out, field.number, value));
            }
            _copied => out.extend_from_slice(field.raw),
        }
    }
    put_unknown(dice, out);
}

fn put_rewritten(schema: &'static Schema, number: u32, bytes: &[u8], dice: &mut Dice, out: &mut Vec<u8>) {
    let mut inner = Vec::new();
    rewrite(schema, bytes, dice, &mut inner);
    put_bytes(out, number, &inner);
}

/// Appends an unknown field, one time in four.
fn put_unknown(dice: &mut Dice, out: &mut Vec<u8>) {
    let number = [17, 100, 3000, (1 << 29) - 1][dice.roll(4) as usize];
    match dice.roll(20) {
        0 => put_varint_field(out, number, dice.0 >> dice.roll(64)),
        1 => put_fixed64(out, number, dice.0),
        2 => put_bytes(out, number, &dice.0.to_le_bytes()[..dice.roll(9) as usize]),
        3 => put_fixed32(out, number, 0xffff_ffff),
        4 => {
            put_tag(out, number, WireType::StartGroup);
            put_unknown(dice, out);
            put_unknown(dice, out);
            put_tag(out, number, WireType::EndGroup);
        }
        _nothing => {}
    }
}
