package io.flm.launch.config;

import io.flm.data.UserException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** A configuration on its way from a driver to a node that it started: by the node's standard input, so no file holds it. */
public final class StdinConfiguration {
    private static final char END = 0;

    private StdinConfiguration() {}

    /** Sends it; the stream stays open. */
    public static void write(OutputStream node, Configuration configuration) throws IOException {
        node.write((configuration.render() + END).getBytes(StandardCharsets.UTF_8));
        node.flush();
    }

    /** Its text, up to its end and no further. */
    public static String read(InputStream driver) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try {
            for (int letter = driver.read(); letter != END; letter = driver.read()) {
                if (letter < 0) {
                    throw new UserException("the driver was gone before it had said this node's configuration");
                }
                text.write(letter);
            }
        } catch (IOException e) {
            throw new UserException("the driver's configuration cannot be read: " + e.getMessage(), e);
        }
        return text.toString(StandardCharsets.UTF_8);
    }
}
