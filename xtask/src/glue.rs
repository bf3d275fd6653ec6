//! Short names between the module and its JavaScript glue.
//!
//! wasm-bindgen's names end in sixteen hexadecimal digits, which no compression makes smaller, and each is in both
//! files. wasm-opt gives the module short ones and prints which is which; here the glue follows. And the glue does not
//! say where the module is: bundlers would carry it along for those who bring their own. Nor does it make up for what
//! every supported browser has, or warn of calls that the package does not make.

use std::collections::HashMap;

/// The glue of a module whose names wasm-opt has made short, from the glue before and what wasm-opt printed. Imports
/// are keys of the object that the glue makes, exports are fields of `wasm`. An error names what was not found.
pub fn rename(glue: &str, printed: &str) -> Result<String, String> {
    let mut renamed = glue.to_owned();
    let mut module = None;
    let mut exports = HashMap::new();
    for line in printed.lines() {
        let names: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        match names[..] {
            [from, long, short] => {
                module = Some(from);
                let key = format!(" {long}: function");
                if renamed.matches(&key).count() != 1 {
                    return Err(format!("the import {long}"));
                }
                renamed = renamed.replace(&key, &format!(" {short}: function"));
            }
            [long, short] => {
                exports.insert(long, short);
            }
            _ => {}
        }
    }
    let module = module.ok_or("any import")?;
    let key = format!("\"{module}\": import0");
    if !renamed.contains(&key) {
        return Err(format!("the module {module}"));
    }
    let renamed = renamed.replace(&key, "\"a\": import0");
    Ok(rename_fields(&renamed, "wasm.", &exports))
}

/// The glue without the address that it takes when it is given none.
pub fn without_address(glue: &str) -> Result<String, String> {
    let what = || "the address of the module".to_owned();
    let (before, rest) = glue
        .split_once("    if (module_or_path === undefined) {\n        module_or_path = new URL(")
        .ok_or_else(what)?;
    let (_, after) = rest.split_once("\n    }\n").ok_or_else(what)?;
    Ok([before, after].concat())
}

/// What is left out of the glue: from where, up to where, and what is there instead.
const SPARED: [(&str, &str, &str); 17] = [
    // The package calls with an object.
    (
        "    if (module_or_path !== undefined) {\n",
        "    const imports = __wbg_get_imports();\n",
        "    ({module_or_path} = module_or_path);\n\n",
    ),
    // It is only slower; Content-Type is mentioned in the guide.
    ("                    console.warn(", "\n", ""),
    // What is opaque cannot be read either.
    (
        "                const validResponse = ",
        "module.headers",
        "                if (",
    ),
    (
        "    function expectedResponseType(type) {\n",
        "}\n\nfunction initSync",
        "",
    ),
    (
        "if (!('encodeInto' in cachedTextEncoder)) {\n",
        "let WASM_VECTOR_LEN",
        "",
    ),
    (
        "    if (realloc === undefined) {\n",
        "    let len = arg.length;",
        "",
    ),
    (
        "(typeof FinalizationRegistry === 'undefined')\n",
        "new FinalizationRegistry",
        "",
    ),
    // Every supported place has them.
    (
        "if (typeof WebAssembly.instantiateStreaming === 'function') ",
        "{",
        "",
    ),
    (
        "typeof Response === 'function' && ",
        "module instanceof",
        "",
    ),
    ("typeof Request === 'function' && ", "module_or_path", ""),
    ("typeof URL === 'function' && ", "module_or_path", ""),
    // The package calls once, and again after a failure.
    (
        "let __wbg_init_promise;\n",
        "(module_or_path) {\n\n",
        "async function __wbg_init",
    ),
    // Nobody asks for them.
    ("    wasmInstance = instance;\n", "    wasm = ", ""),
    ("    wasmModule = module;\n", "    cached", ""),
    // The module asks for its own imports only.
    ("        __proto__: null,\n", "        ", ""),
    // The memory has grown if there is nothing left in the view.
    (
        "cachedUint8ArrayMemory0 === null || cachedUint8ArrayMemory0.byteLength === 0",
        ")",
        "!cachedUint8ArrayMemory0?.length",
    ),
    // Engines are the package's own.
    ("if (Symbol.dispose) Engine", "\n", ""),
];

/// The glue with short functions for what the module imports, where a function does not ask how it was called.
pub fn shorten(glue: &str) -> String {
    let mut short = String::new();
    for line in glue.split_inclusive('\n') {
        match line.split_once(": function(") {
            Some((name, rest)) if rest.ends_with(") {\n") && !glue.contains("arguments") => {
                let rest = rest.replace(") {\n", ") => {\n");
                short.extend([name, ": (", &rest]);
            }
            _ => short.push_str(line),
        }
    }
    short
}

/// The glue without what nobody needs. An error names what was not found.
pub fn spare(glue: &str) -> Result<String, String> {
    let mut glue = glue.to_owned();
    for (from, to, instead) in SPARED {
        let mut rest = glue.as_str();
        let mut kept = String::new();
        while let Some((before, after)) = rest.split_once(from) {
            let end = after.find(to).ok_or_else(|| from.trim().to_owned())?;
            kept.push_str(before);
            kept.push_str(instead);
            rest = &after[end..];
        }
        if kept.is_empty() {
            return Err(from.trim().to_owned());
        }
        kept.push_str(rest);
        glue = kept;
    }
    Ok(glue)
}

fn rename_fields(text: &str, object: &str, names: &HashMap<&str, &str>) -> String {
    let mut parts = text.split(object);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| !c.is_alphanumeric() && !"_$".contains(c))
            .unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        out.push_str(object);
        out.push_str(names.get(name).unwrap_or(&name));
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINTED: &str = r#"
{
 "imports": [
  ["./webmqtt_bg.js", "__wbg_send_12bb", "A"]
 ],
 "exports": [
  ["memory", "b"],
  ["engine_end", "c"],
  ["a", "b"]
 ]
}
"#;

    #[test]
    fn both_sides_get_the_short_names() {
        let glue = r#"
            __wbg_send_12bb: function(a) { a.engine_end(wasm.memory.buffer); },
            "./webmqtt_bg.js": import0,
            wasm.engine_end(); wasm.engine_ended(); engine.end(); wasm.a(wasm.memory);
        "#;
        let expected = r#"
            A: function(a) { a.engine_end(wasm.b.buffer); },
            "a": import0,
            wasm.c(); wasm.engine_ended(); engine.end(); wasm.b(wasm.b);
        "#;
        assert_eq!(rename(glue, PRINTED).as_deref(), Ok(expected));
    }

    #[test]
    fn the_glue_does_not_say_where_the_module_is() {
        let glue = "    }\n\n    if (module_or_path === undefined) {\n        module_or_path = new URL('a.wasm', \
                    import.meta.url);\n    }\n    const imports = __wbg_get_imports();\n";
        assert_eq!(
            without_address(glue).as_deref(),
            Ok("    }\n\n    const imports = __wbg_get_imports();\n")
        );
        assert_eq!(
            without_address(""),
            Err("the address of the module".to_owned())
        );
    }

    #[test]
    fn what_nobody_needs_is_left_out_and_has_to_be_there() {
        let whole: String = SPARED
            .iter()
            .map(|(from, to, _)| format!("{from}spared{to}"))
            .collect();
        let spared: String = SPARED
            .iter()
            .map(|(_, to, instead)| [*instead, *to].concat())
            .collect();
        assert_eq!(spare(&whole), Ok(spared));
        assert_eq!(spare(""), Err(SPARED[0].0.trim().to_owned()));
    }

    #[test]
    fn imports_are_short_functions_unless_one_asks_for_its_arguments() {
        let glue = "        b: function(arg0, arg1) {\n            arg0.push(arg1);\n        },\nfunction c() {\n}\n";
        assert_eq!(
            shorten(glue),
            "        b: (arg0, arg1) => {\n            arg0.push(arg1);\n        },\nfunction c() {\n}\n"
        );
        let glue = "        b: function() {\n            d(arguments);\n";
        assert_eq!(shorten(glue), glue);
    }

    #[test]
    fn glue_that_is_not_the_modules_is_refused() {
        assert_eq!(
            rename("", PRINTED),
            Err("the import __wbg_send_12bb".to_owned())
        );
        assert_eq!(rename("", ""), Err("any import".to_owned()));
    }
}
