package io.flm.coordinator.http;

import com.typesafe.config.Config;
import io.flm.data.FileErrors;
import io.flm.data.SmallFile;
import io.flm.data.TextFile;
import io.flm.data.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;

/**
 * The tokens of a cluster, one for each role.
 *
 * @param operateFile where {@code operate} was read from; empty: nowhere
 * @param operate opens everything; empty: no token is wanted
 * @param readFile where {@code read} was read from; empty: nowhere
 * @param read opens what changes nothing; empty: there is none
 */
public record Tokens(String operateFile, String operate, String readFile, String read) {
    private static final int LEAST = 16;
    private static final int MOST = 4096;
    private static final String OPERATE_KEY = "token-file";
    private static final String READ_KEY = "read-token-file";

    public Tokens {
        if (operate.isEmpty() && !read.isEmpty()) {
            throw new UserException("flm.http." + READ_KEY + " without flm.http." + OPERATE_KEY
                    + ": everybody could give orders; give a token for orders too");
        }
        if (!read.isEmpty() && read.equals(operate)) {
            throw new UserException(readFile + " holds the same token as " + operateFile
                    + ": who may only read could give orders; give two (flm.http." + READ_KEY + ")");
        }
    }

    /** Reads the files that {@code flm.http} names. */
    static Tokens from(Config http) {
        String operateFile = http.getString(OPERATE_KEY);
        String readFile = http.getString(READ_KEY);
        return new Tokens(operateFile, read(operateFile, OPERATE_KEY), readFile, read(readFile, READ_KEY));
    }

    private static String read(String file, String key) {
        if (file.isEmpty()) {
            return "";
        }
        try {
            String token = TextFile.utf8(SmallFile.read(Path.of(file), MOST)).strip();
            if (token.length() < LEAST || !token.matches("[\\x21-\\x7e]+")) {
                throw new UserException(file + ": no token; put one line of at least " + LEAST
                        + " letters and digits there (flm.http." + key + ")");
            }
            return token;
        } catch (IOException e) {
            throw new UserException(
                    file + ": the token cannot be read (" + FileErrors.reason(e) + "); check flm.http." + key, e);
        }
    }

    boolean wanted() {
        return !operate.isEmpty();
    }

    /** What a token opens. How long this takes says nothing about how near a wrong one is. */
    Optional<Role> role(String given) {
        byte[] hash = sha256(given);
        boolean operates = MessageDigest.isEqual(hash, sha256(operate));
        boolean reads = MessageDigest.isEqual(hash, sha256(read));
        if (given.isEmpty()) { // as a role without a token is
            return Optional.empty();
        }
        return operates ? Optional.of(Role.OPERATE) : reads ? Optional.of(Role.READ) : Optional.empty();
    }

    /** Hashes are of one length, so not even that of a token shows. */
    private static byte[] sha256(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Tokens are no text for a log. */
    @Override
    public String toString() {
        return !wanted()
                ? "no token"
                : "token of " + operateFile + (read.isEmpty() ? "" : ", read-only token of " + readFile);
    }
}
