package io.flm.exchange;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Sizes that suit a network.
 *
 * @param mtu bytes of a datagram; larger ones cost less a byte, and are split where the network's frames are smaller
 * @param window bytes that a sender may be ahead of the receiver; no more than the receiver's socket buffer holds
 * @param term bytes of each of the three parts of a stream's buffer, at both ends
 * @param socketBuffer bytes of the kernel's buffers
 */
record NetworkSizes(int mtu, int window, int term, int socketBuffer) {
    private static final int KIB = 1024;
    private static final int MIB = 1024 * KIB;

    /** Linux gives no larger socket buffers than these files allow. */
    private static final Path RECEIVE_LIMIT = Path.of("/proc/sys/net/core/rmem_max");

    private static final Path SEND_LIMIT = Path.of("/proc/sys/net/core/wmem_max");

    /** Of any network. */
    static final int LONGEST_TERM = 8 * MIB;

    static NetworkSizes of(ExchangeSettings settings) {
        NetworkSizes ideal = switch (settings.network() == ExchangeSettings.Network.AUTO
                ? detect(settings.host())
                : settings.network()) {
            case LOOPBACK -> new NetworkSizes(65504, 2 * MIB, LONGEST_TERM, 4 * MIB);
            case JUMBO -> new NetworkSizes(8928, MIB, 4 * MIB, 2 * MIB);
            default -> new NetworkSizes(1408, MIB, 4 * MIB, 2 * MIB);
        };
        int buffer = Math.min(ideal.socketBuffer, (int) Math.min(limit(RECEIVE_LIMIT), limit(SEND_LIMIT)));
        return new NetworkSizes(ideal.mtu, Math.min(ideal.window, buffer), ideal.term, buffer);
    }

    private static ExchangeSettings.Network detect(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress()
                    ? ExchangeSettings.Network.LOOPBACK
                    : ExchangeSettings.Network.ETHERNET;
        } catch (UnknownHostException e) {
            return ExchangeSettings.Network.ETHERNET; // binding will say what is wrong
        }
    }

    private static long limit(Path file) {
        // Such a file gives its value to the first read only, so that must not be a read of one byte.
        try (BufferedReader reader = Files.newBufferedReader(file)) {
            return Long.parseLong(String.valueOf(reader.readLine()).strip());
        } catch (IOException | NumberFormatException e) {
            return 128 * KIB; // what every system gives
        }
    }
}
