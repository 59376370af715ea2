package io.flm.launch.console;

import io.flm.data.PlainText;
import java.io.PrintStream;

/** Lines for the user, whatever they quote, and on a terminal one status line below them that is overwritten. */
public final class Screen {
    /** Carriage return, and the terminal's "erase to the end of the line". */
    private static final String ERASE = "\r\u001b[K";

    /** To the top left, and the terminal's "erase all below". */
    private static final String CLEAR = "\u001b[H\u001b[J";

    private final PrintStream out;
    private final boolean terminal;
    private final Program program;
    private volatile int columns;
    private String status = "";

    /**
     * @param columns of the terminal; 0: not a terminal, no status line
     * @param program how the commands in messages are called
     */
    public Screen(PrintStream out, int columns, Program program) {
        this.out = out;
        this.terminal = columns > 0;
        this.columns = columns;
        this.program = program;
    }

    public boolean isTerminal() {
        return terminal;
    }

    /** How wide the terminal is; 0: not a terminal. */
    public int columns() {
        return columns;
    }

    /** The terminal was made wider or narrower. */
    public void resize(int newColumns) {
        columns = newColumns;
    }

    /** A sentence of the program for the user. */
    public void say(String sentence) {
        println("flm: " + sentence);
    }

    public synchronized void println(String text) {
        String line = PlainText.of(program.shown(text));
        if (status.isEmpty()) {
            out.println(line);
        } else {
            out.println(ERASE + line);
            draw();
        }
        out.flush();
    }

    /** Replaces the status line; empty: none. Shown on terminals only. */
    public synchronized void status(String text) {
        String line = PlainText.of(text);
        if (!terminal || line.equals(status)) {
            return;
        }
        status = line.length() < columns ? line : line.substring(0, columns - 1);
        draw();
        out.flush();
    }

    /** Makes room for something that is shown anew; does nothing where this is no terminal. */
    public synchronized void clear() {
        if (terminal) {
            out.print(CLEAR);
            out.flush();
        }
    }

    private void draw() {
        out.print(ERASE + status);
    }
}
