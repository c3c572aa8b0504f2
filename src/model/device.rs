//! Where networks run and in which precision.

use std::fmt;

use candle_core::DType;
use serde::{Deserialize, Serialize};

use super::ModelError;
use super::packed::Level;

/// The device models are asked to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Device {
    /// The first GPU this build can use, else the processor.
    #[default]
    Auto,
    Cpu,
    /// A CUDA device by its number.
    Cuda(usize),
    Metal,
}

impl Device {
    /// What [`Device::parse`] understands, for messages.
    pub const WORDS: &str = "auto, cpu, cuda, cuda:N, metal";

    /// # Errors
    /// A sentence, if it is none of [`Device::WORDS`].
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not one of {}", Device::WORDS);
        match text {
            "auto" => Ok(Device::Auto),
            "cpu" => Ok(Device::Cpu),
            "cuda" => Ok(Device::Cuda(0)),
            "metal" => Ok(Device::Metal),
            other => {
                let number = other.strip_prefix("cuda:").ok_or_else(wrong)?;
                number.parse().map(Device::Cuda).map_err(|_| wrong())
            }
        }
    }

    /// As [`Device::parse`] reads it.
    pub fn label(self) -> String {
        match self {
            Device::Auto => "auto".into(),
            Device::Cpu => "cpu".into(),
            Device::Cuda(0) => "cuda".into(),
            Device::Cuda(number) => format!("cuda:{number}"),
            Device::Metal => "metal".into(),
        }
    }

    /// What `Auto` means on this machine; the others stay as they are.
    pub fn settled(self) -> Self {
        if self != Device::Auto {
            return self;
        }
        let candidates = [Device::Cuda(0), Device::Metal];
        candidates.into_iter().find(|device| device.resolve().is_ok()).unwrap_or(Device::Cpu)
    }

    /// Opens the device.
    ///
    /// # Errors
    /// If this build has no support for it (the message says which feature has), or the machine has none.
    pub fn resolve(self) -> Result<candle_core::Device, ModelError> {
        let lacks = |feature: &str| ModelError::Device {
            device: self.label(),
            reason: format!("this build has no support for it; build with `--features {feature}`, or use cpu"),
        };
        let failed = |error: candle_core::Error| ModelError::Device { device: self.label(), reason: reason(&error) };
        match self {
            Device::Auto => self.settled().resolve(),
            Device::Cpu => Ok(candle_core::Device::Cpu),
            Device::Cuda(_) if !candle_core::utils::cuda_is_available() => Err(lacks("cuda")),
            Device::Cuda(number) => candle_core::Device::new_cuda(number).map_err(failed),
            Device::Metal if !candle_core::utils::metal_is_available() => Err(lacks("metal")),
            Device::Metal => candle_core::Device::new_metal(0).map_err(failed),
        }
    }
}

/// The GPU features this build has.
pub fn features() -> Vec<&'static str> {
    let known = [
        ("cuda", cfg!(feature = "cuda")),
        ("cudnn", cfg!(feature = "cudnn")),
        ("metal", cfg!(feature = "metal")),
        ("mkl", cfg!(feature = "mkl")),
        ("accelerate", cfg!(feature = "accelerate")),
    ];
    known.into_iter().filter_map(|(name, has)| has.then_some(name)).collect()
}

/// Why a device does not open, with what to do where the driver's word is known.
fn reason(error: &candle_core::Error) -> String {
    const KNOWN: [(&str, &str); 5] = [
        ("CUDA_ERROR_NO_DEVICE", "this machine has no CUDA device, or its driver does not see one"),
        ("CUDA_ERROR_INVALID_DEVICE", "there is no CUDA device of this number; `nvidia-smi -L` lists them"),
        ("CUDA_ERROR_STUB_LIBRARY", "the driver's library is a stub for building; install NVIDIA's driver"),
        ("CUDA_ERROR_SYSTEM_DRIVER_MISMATCH", "driver and kernel module differ; restart after the driver's update"),
        ("CUDA_ERROR_UNSUPPORTED_PTX_VERSION", "the driver is older than the CUDA this was built with; update it"),
    ];
    let text = error.to_string();
    match KNOWN.iter().find(|(word, _)| text.contains(word)) {
        Some((word, sentence)) => format!("{sentence} ({word}); --device cpu works everywhere"),
        None => text,
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label())
    }
}

/// The number format of weights and activations. Scores are always f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// On a processor bf16 where it has units for that ([`Level::fast`]), else f32; on a GPU what the profile says its
    /// authors used.
    #[default]
    Auto,
    F32,
    Bf16,
    F16,
}

impl Precision {
    pub const ALL: [Precision; 4] = [Precision::Auto, Precision::F32, Precision::Bf16, Precision::F16];

    pub fn label(self) -> &'static str {
        match self {
            Precision::Auto => "auto",
            Precision::F32 => "f32",
            Precision::Bf16 => "bf16",
            Precision::F16 => "f16",
        }
    }

    /// What `Auto` means for a model whose authors ran it in `published`, on this (settled) device.
    pub fn settled(self, published: Precision, device: Device) -> Self {
        match (self, published, device) {
            (Precision::Auto, _, Device::Cpu) if Level::fast().is_some() => Precision::Bf16,
            (Precision::Auto, _, Device::Cpu) | (Precision::Auto, Precision::Auto, _) => Precision::F32,
            (Precision::Auto, published, _) => published,
            (asked, _, _) => asked,
        }
    }

    /// candle's word for it; f32 for `Auto`.
    pub fn dtype(self) -> DType {
        match self {
            Precision::Auto | Precision::F32 => DType::F32,
            Precision::Bf16 => DType::BF16,
            Precision::F16 => DType::F16,
        }
    }
}

/// Where and how a model runs. `Device::Cpu.into()` leaves the precision to the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Placement {
    pub device: Device,
    pub precision: Precision,
}

impl Placement {
    /// Nothing left to choose; `published` is the profile's precision.
    pub fn settled(self, published: Precision) -> Self {
        let device = self.device.settled();
        Placement { device, precision: self.precision.settled(published, device) }
    }
}

impl Placement {
    /// Full precision on the processor: the same numbers on every machine, to rounding.
    pub const REFERENCE: Placement = Placement { device: Device::Cpu, precision: Precision::F32 };
}

impl From<Device> for Placement {
    fn from(device: Device) -> Self {
        Placement { device, precision: Precision::Auto }
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.device, self.precision.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_back() {
        for device in [Device::Auto, Device::Cpu, Device::Cuda(0), Device::Cuda(3), Device::Metal] {
            assert_eq!(Device::parse(&device.label()), Ok(device));
        }
        for wrong in ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "CPU"] {
            assert!(Device::parse(wrong).is_err_and(|message| message.contains("cuda:N")), "{wrong}");
        }
    }

    #[test]
    fn the_published_precision_is_for_gpus() {
        let settled = |asked: Precision, device| asked.settled(Precision::Bf16, device);
        let on_cpu = if Level::fast().is_some() { Precision::Bf16 } else { Precision::F32 };
        assert_eq!(settled(Precision::Auto, Device::Cpu), on_cpu);
        assert_eq!(settled(Precision::Auto, Device::Cuda(0)), Precision::Bf16);
        assert_eq!(settled(Precision::F16, Device::Cpu), Precision::F16);
        assert_eq!(Precision::Auto.settled(Precision::Auto, Device::Metal), Precision::F32);
    }

    #[test]
    fn the_drivers_words_become_sentences() {
        let text = "DriverError(CUDA_ERROR_NO_DEVICE, \"no CUDA-capable device is detected\")";
        let said = reason(&candle_core::Error::Msg(text.into()));
        assert!(said.starts_with("this machine has no CUDA device") && said.contains("--device cpu"), "{said}");
        assert_eq!(reason(&candle_core::Error::Msg("something else".into())), "something else");
    }

    #[test]
    fn a_build_without_a_gpu_says_which_feature_it_lacks() {
        if !candle_core::utils::cuda_is_available() {
            let message = Device::Cuda(0).resolve().unwrap_err().to_string();
            assert!(message.contains("--features cuda"), "{message}");
        }
    }
}
