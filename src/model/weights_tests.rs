use std::collections::BTreeMap;

use safetensors::tensor::{TensorView, serialize};

use super::*;

type File = BTreeMap<&'static str, (Dtype, Vec<usize>, Vec<u8>)>;

fn bytes(file: &File) -> Bytes {
    let views =
        file.iter().map(|(name, (dtype, shape, data))| (*name, TensorView::new(*dtype, shape.clone(), data).unwrap()));
    Bytes::Resident(serialize(views, None).unwrap().leak())
}

fn named(origin: &str, bytes: Bytes) -> [(String, Bytes); 1] {
    [(origin.to_owned(), bytes)]
}

fn quantised(scale_shape: Vec<usize>) -> File {
    let scales = scale_shape.iter().product();
    let codes: Vec<u8> = [1i8, -2, 127, -127, 0, 5, 6, -7].map(i8::cast_unsigned).into();
    let scale: Vec<u8> =
        [0.5, 2.0, -1.0, 0.25].iter().take(scales).flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect();
    File::from([("x", (Dtype::I8, vec![2, 4], codes)), ("x.scale", (Dtype::F16, scale_shape, scale))])
}

#[test]
fn every_kind_is_expanded() {
    let values = [1.5f32, -2.0, 0.25, 3.0];
    let kinds: [(Dtype, Vec<u8>); 3] = [
        (Dtype::F32, values.iter().flat_map(|x| x.to_le_bytes()).collect()),
        (Dtype::F16, values.iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect()),
        (Dtype::BF16, values.iter().flat_map(|&x| bf16::from_f32(x).to_le_bytes()).collect()),
    ];
    for (dtype, data) in kinds {
        // A task model's name, found without its prefix.
        let files = named("file", bytes(&File::from([("bert.x", (dtype, vec![2, 2], data))])));
        let weights = Weights::parse(&files).unwrap();
        assert_eq!(weights.matrix("x", 2, 2).unwrap(), values, "{dtype:?}");
        let mut row = [0.0; 2];
        weights.table("x", 2, 2).unwrap().read(1, &mut row).unwrap();
        assert_eq!(row, [0.25, 3.0], "{dtype:?}");
    }
}

#[test]
fn eight_bits_times_the_scale_of_their_group() {
    let files = named("file", bytes(&quantised(vec![2, 2])));
    let weights = Weights::parse(&files).unwrap();
    assert_eq!(weights.matrix("x", 2, 4).unwrap(), [0.5, -1.0, 254.0, -254.0, 0.0, -5.0, 1.5, -1.75]);
    let files = named("file", bytes(&quantised(vec![2, 1])));
    let weights = Weights::parse(&files).unwrap();
    let table = weights.table("x", 2, 4).unwrap();
    let mut row = [0.0; 4];
    table.read(1, &mut row).unwrap();
    assert_eq!(row, [0.0, 10.0, 12.0, -14.0]);
    assert!(table.read(2, &mut row).is_none());
}

fn refusal(file: &File) -> String {
    let files = named("dir/model.safetensors", bytes(file));
    let weights = Weights::parse(&files).unwrap();
    weights.matrix("x", 2, 4).unwrap_err().to_string()
}

#[test]
fn what_cannot_be_read_names_file_and_tensor() {
    let wrong_scale = refusal(&quantised(vec![1, 2]));
    assert!(wrong_scale.contains("dir/model.safetensors") && wrong_scale.contains("\"x.scale\""), "{wrong_scale}");
    let undivided = refusal(&quantised(vec![1, 3]));
    assert!(undivided.contains("\"x.scale\""), "{undivided}");
    let mut unscaled = quantised(vec![2, 2]);
    unscaled.remove("x.scale");
    assert!(refusal(&unscaled).contains("\"x.scale\" is missing"));
    let integers = File::from([("x", (Dtype::I32, vec![2, 4], vec![0; 32]))]);
    assert!(refusal(&integers).contains("\"x\" is stored as I32"));
    let transposed = File::from([("x", (Dtype::F16, vec![4, 2], vec![0; 16]))]);
    assert!(refusal(&transposed).contains("[4, 2]"));
}
