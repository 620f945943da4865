//! States that no server has saved, for tests.

use serde_json::Value;

/// Changes something in a value: which part, in what way, and to what.
pub(crate) fn spoil(value: &mut Value, [place, way, what]: [u16; 3]) {
    let count = count_parts(value);
    let mut place = usize::from(place) * count / (1 << 16);
    let part = find_part(value, &mut place).expect("there are so many");
    let number = usize::from(what);
    match part {
        Value::Array(list) if way % 4 > 0 && !list.is_empty() => {
            let length = list.len();
            match way % 4 {
                1 => _ = list.remove(number % length),
                2 => list.push(list[number % length].clone()),
                _ => list.swap(number % length, 0),
            }
        }
        Value::Number(old) if way % 4 > 0 => {
            let old = old.as_i64().unwrap_or(0);
            let new = [
                old.wrapping_add(1),
                old.wrapping_sub(1),
                i64::MAX,
                i64::MIN,
                0,
                -1,
            ];
            *part = match number % 8 {
                6 => Value::from(u64::MAX),
                7 => Value::from(u32::MAX),
                number => Value::from(new[number]),
            };
        }
        Value::String(old) if way % 4 > 0 && old.is_ascii() => {
            let at = number % (old.len() + 1);
            match way % 4 {
                1 => old.truncate(at),
                2 => old.insert(at, 'A'),
                _ => *old = ["ann", "bo", "cy", "Аnn"][number % 4].to_owned(),
            }
        }
        Value::Bool(is) => *is = !*is,
        part => {
            let others = [
                Value::Null,
                Value::from(0),
                Value::from("x"),
                Value::Array(Vec::new()),
            ];
            *part = others[number % 4].clone();
        }
    }
}

fn count_parts(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count_parts).sum::<usize>(),
        Value::Object(object) => object.values().map(count_parts).sum(),
        _ => 0,
    }
}

fn find_part<'a>(value: &'a mut Value, place: &mut usize) -> Option<&'a mut Value> {
    if *place == 0 {
        return Some(value);
    }
    *place -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|it| find_part(it, place)),
        Value::Object(object) => object.values_mut().find_map(|it| find_part(it, place)),
        _ => None,
    }
}
