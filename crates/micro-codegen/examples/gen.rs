fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let dir = std::path::PathBuf::from(&args[0]);
    let mut protos: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|e| e.unwrap().path()).filter(|p| p.extension().is_some_and(|e| e=="proto")).collect();
    protos.sort();
    let set = match micro_codegen::compile(&protos, &[dir]) { Ok(s)=>s, Err(e)=>{eprintln!("{e}"); std::process::exit(1)} };
    let options = micro_codegen::Options { width: args[2].parse().unwrap(), ..Default::default() };
    match micro_codegen::generate(&set, &options) { Ok(files)=> { for p in micro_codegen::write(&files, args[1].as_ref(), false).unwrap() { println!("{}", p.display()); } }, Err(e)=>{eprintln!("{e}"); std::process::exit(1)} }
}
