//! Logarithms that are quick, vectorise, and give the same bits on every machine.

const MANTISSA: u32 = 0x007f_ffff;
const ONE: u32 = 0x3f80_0000;
/// 1.0 less the square root of one half, in bits: puts the mantissa between 0.707 and 1.414.
const HALF_OCTAVE: u32 = 0x3f80_0000 - 0x3f35_04f3;
/// Half of the distance in bits between a number and its double.
const HALF_OCTAVE_BITS: u32 = 1 << 22;

/// The natural logarithm of a positive normal number, to about 2e-7.
///
/// The exponent is read from the bits; the mantissa goes through the series of the inverse hyperbolic
/// tangent, which five terms settle on this interval.
pub(crate) fn ln(x: f32) -> f32 {
    let shifted = x.to_bits().wrapping_add(HALF_OCTAVE);
    let exponent = (shifted >> 23).cast_signed() - 127;
    let mantissa = f32::from_bits((shifted & MANTISSA) + (ONE - HALF_OCTAVE));
    from_parts(exponent, (mantissa - 1.0) / (mantissa + 1.0))
}

/// The natural logarithm of a ratio of two positive normal numbers, with one division instead of two.
///
/// The difference of their bits is near the logarithm to base two: rounded, it leaves a ratio between 0.66 and 1.51.
pub(crate) fn ln_ratio(a: f32, b: f32) -> f32 {
    let bits = b.to_bits();
    let exponent = (a.to_bits().wrapping_sub(bits).wrapping_add(HALF_OCTAVE_BITS)).cast_signed() >> 23;
    let b = f32::from_bits(bits.wrapping_add((exponent << 23).cast_unsigned()));
    from_parts(exponent, (a - b) / (a + b))
}

/// The logarithm of 2 to the `exponent` times the number whose inverse hyperbolic tangent is half a logarithm.
fn from_parts(exponent: i32, s: f32) -> f32 {
    let q = s * s;
    let series = 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (0.2 + q * (1.0 / 7.0 + q * (1.0 / 9.0)))));
    exponent as f32 * std::f32::consts::LN_2 + series
}

/// The inverse hyperbolic sine: like a logarithm far from zero, like `x` near it, for both signs.
pub(crate) fn asinh(x: f32) -> f32 {
    let size = x.abs();
    ln(size + (size * size + 1.0).sqrt()).copysign(x)
}
