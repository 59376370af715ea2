package io.flm.launch.console;

import io.flm.data.FileErrors;
import io.flm.data.WriteErrors;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Standard output. A {@link java.io.PrintStream} throws nothing, and a command whose results went to a full disk would end as if
 * all were well: this remembers why they could not be written.
 */
public final class Results extends FilterOutputStream {
    private volatile @Nullable IOException failure;

    public Results(OutputStream out) {
        super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            failure = e;
            throw e;
        }
    }

    /** The exit code of a command that would end with {@code exitCode}. Who closes a pipe, such as {@code head}, has enough. */
    public int exitCode(int exitCode, Screen screen) {
        IOException lost = failure;
        if (lost == null || FileErrors.reason(lost).contains("Broken pipe")) {
            return exitCode;
        }
        String full = WriteErrors.full(lost);
        screen.say("the results are not whole: standard output cannot be written ("
                + (full == null ? FileErrors.reason(lost) : full) + ")");
        return exitCode == Failure.OK ? Failure.FAILED : exitCode;
    }
}
