package io.flm.launch.console;

import io.flm.data.PlainText;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Standard output. Whatever a result quotes, of control characters only its line breaks get through; a line break that is somebody
 * else's has to be taken out by whoever makes a line of it, with {@link PlainText}.
 */
public final class PlainOutput extends PrintStream {
    public PlainOutput(OutputStream out) {
        super(out, true, StandardCharsets.UTF_8);
    }

    @Override
    public void print(@Nullable String text) { // all that is printed, formatted or appended comes to this
        super.print(plain(String.valueOf(text)));
    }

    private static String plain(String text) {
        return Arrays.stream(text.split("\r?\n", -1)).map(PlainText::of).collect(Collectors.joining("\n"));
    }
}
