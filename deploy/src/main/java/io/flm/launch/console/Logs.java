package io.flm.launch.console;

import java.nio.file.Path;

/** Where log lines go: a file with everything in it, stack traces included. */
public interface Logs {
    /** From now on there is a log, at first a temporary one; a log that there is goes on. */
    void begin();

    /** From now on logs go to the end of {@code file}. */
    void to(Path file, LogForm form);

    /** From now on logs go to a file of this process, which is removed at the end unless somebody is sent there. */
    void toTemporary();

    /** From now on nothing is logged, and nobody is warned. */
    void mute();

    /** Where to look: a file, or that there is none, and why. */
    String place();

    /** Flushes; a temporary log is removed unless it is to be kept. */
    void close(boolean keep);
}
