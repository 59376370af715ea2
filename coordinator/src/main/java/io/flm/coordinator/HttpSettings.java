package io.flm.coordinator;

import com.typesafe.config.Config;
import io.flm.data.Texts;
import io.flm.data.UserException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * {@code flm.http}: where a node answers, and whom.
 *
 * @param port 0: any free one
 * @param tokenFile where the token was read from; empty: nowhere
 * @param token that requests must carry; empty: none
 * @param maxBodyBytes of a request
 */
public record HttpSettings(String host, int port, String tokenFile, String token, long maxBodyBytes) {
    private static final int LEAST_TOKEN = 16;

    /** Reads and checks {@code flm.http}, and the token file. */
    public static HttpSettings from(Config root) {
        Config c = root.getConfig("flm.http");
        int port = c.getInt("port");
        if (port < 0 || port > 65535) {
            throw new UserException("flm.http.port = " + port + ": give a port in 0..65535");
        }
        String host = c.getString("host");
        String tokenFile = c.getString("token-file");
        String token = tokenFile.isEmpty() ? "" : read(tokenFile);
        if (token.isEmpty() && !isLoopback(host)) {
            throw new UserException("flm.http.host = " + host + " can be reached from outside of this machine: give a"
                    + " token that requests must carry with flm.http.token-file, or stay on 127.0.0.1");
        }
        long maxBody = c.getBytes("max-body");
        if (maxBody < 1024) {
            throw new UserException("flm.http.max-body = " + maxBody + ": give at least 1 KiB");
        }
        return new HttpSettings(host, port, tokenFile, token, maxBody);
    }

    private static String read(String file) {
        try {
            String token = Texts.utf8(Files.readAllBytes(Path.of(file))).strip();
            if (token.length() < LEAST_TOKEN || !token.matches("[\\x21-\\x7e]+")) {
                throw new UserException(file + ": no token; put one line of at least " + LEAST_TOKEN
                        + " letters and digits there (flm.http.token-file)");
            }
            return token;
        } catch (IOException e) {
            throw new UserException(
                    file + ": the token cannot be read (" + e.getMessage() + "); check flm.http.token-file", e);
        }
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new UserException("flm.http.host = " + host + ": no such address; give one of this machine", e);
        }
    }

    public HttpSettings withPort(int bound) {
        return new HttpSettings(host, bound, tokenFile, token, maxBodyBytes);
    }

    /** The token is no text for a log. */
    @Override
    public String toString() {
        return "HttpSettings[" + host + ":" + port + (token.isEmpty() ? "]" : ", token of " + tokenFile + "]");
    }
}
