package io.flm.launch.console;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * How this program is called where its messages are read, so that a command in them can be pasted.
 *
 * <p>Messages name commands as {@code `flm doctor`}, in backquotes, wherever they are made: in this process, in a node on another
 * host, in a module that knows nothing of the launcher. Where they are shown, {@code flm} becomes what calls it there.
 *
 * @param word what a shell takes for the program, such as {@code deploy/flm}
 */
public record Program(String word) {
    /** What a JVM that runs the program is started with. */
    public static final String MAIN_CLASS = "io.flm.launch.Main";

    private static final int WIDTH = 100;
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");
    private static final Pattern COMMAND = Pattern.compile("`flm(?= [a-z-]|`)");

    /** As {@code deploy/flm} says, else by that script of {@code home}, else found on the PATH. */
    public static Program called(Path home) {
        String told = System.getProperty("flm.called", "");
        Path script = home.resolve("deploy/flm");
        return new Program(quoted(told.isEmpty() ? Files.isExecutable(script) ? script.toString() : "flm" : told));
    }

    /** A command for messages, in backquotes. */
    public static String hint(List<String> arguments) {
        return "`flm " + quoted(arguments) + "`";
    }

    /** The same. */
    public static String hint(String... arguments) {
        return hint(List.of(arguments));
    }

    /** A command for a place of its own. */
    public String command(List<String> arguments) {
        return word + " " + quoted(arguments);
    }

    /** The same over several lines where it is long: each option begins one, and a shell takes them as one command. */
    public String lines(List<String> arguments) {
        String all = command(arguments);
        if (all.length() <= WIDTH) {
            return all;
        }
        StringBuilder lines = new StringBuilder(word);
        int length = word.length();
        for (String argument : arguments) {
            String next = quoted(argument);
            if (argument.startsWith("--") || length + next.length() > WIDTH) {
                lines.append(" \\\n ");
                length = 1;
            }
            lines.append(' ').append(next);
            length += 1 + next.length();
        }
        return lines.toString();
    }

    /** A message as it is shown here. */
    public String shown(String message) {
        return COMMAND.matcher(message).replaceAll(Matcher.quoteReplacement("`" + word));
    }

    private static String quoted(List<String> arguments) {
        return arguments.stream().map(Program::quoted).collect(Collectors.joining(" "));
    }

    /** A word for bash and zsh; without control characters, so that it stays on its line. */
    static String quoted(String word) {
        if (PLAIN.matcher(word).matches()) {
            return word;
        }
        if (word.chars().noneMatch(Character::isISOControl)) {
            return "'" + word.replace("'", "'\\''") + "'";
        }
        StringBuilder escaped = new StringBuilder("$'");
        for (int at = 0; at < word.length(); at++) {
            char c = word.charAt(at);
            if (Character.isISOControl(c)) {
                escaped.append(c < 0x80 ? String.format("\\x%02x", (int) c) : String.format("\\u%04x", (int) c));
            } else {
                escaped.append(c == '\'' || c == '\\' ? "\\" : "").append(c);
            }
        }
        return escaped.append('\'').toString();
    }
}
