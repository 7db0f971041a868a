import Glibc
import Pooler

switch Invocation(arguments: CommandLine.arguments.dropFirst(), program: .current) {
case .run(let options):
    exit(Daemon.run(options))
case .showVersion:
    print(ProgramName.current.versionLines.joined(separator: "\n"))
case .showUsage:
    print(Invocation.usage(program: .current))
case .refuse(let message):
    let line = message + "\n"
    unsafe write(STDERR_FILENO, line, line.utf8.count)
    exit(1)
}
