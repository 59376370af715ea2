package io.flm.coordinator;

import com.typesafe.config.Config;
import io.flm.data.UserException;

/**
 * {@code flm.http}: where the run is shown.
 *
 * @param port 0: any free one
 */
public record HttpSettings(String host, int port) {
    /** Reads and checks {@code flm.http}. */
    public static HttpSettings from(Config root) {
        Config c = root.getConfig("flm.http");
        int port = c.getInt("port");
        if (port < 0 || port > 65535) {
            throw new UserException("flm.http.port = " + port + ": give a port in 0..65535");
        }
        return new HttpSettings(c.getString("host"), port);
    }
}
