package io.flm.launch.command;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** By what the nodes of {@code --cluster} know this command, and it them. */
final class ClusterAccess {
    @Option(
            names = "--token-file",
            paramLabel = "F",
            description = "With --cluster: holds the token that its nodes want.")
    private @Nullable Path tokenFile;

    @Option(
            names = "--ca-file",
            paramLabel = "F",
            description =
                    "With --cluster https://HOST:PORT: a PEM file of who signed its nodes' certificates, or of the certificates.")
    private @Nullable Path caFile;

    /** Null: none was given. */
    @Nullable Path tokenFile(Environment environment) {
        return tokenFile == null ? null : environment.resolve(tokenFile);
    }

    /** Likewise. */
    @Nullable Path caFile(Environment environment) {
        return caFile == null ? null : environment.resolve(caFile);
    }
}
