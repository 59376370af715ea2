package io.flm.exchange;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * AES-256-GCM for one direction of one stream in one generation. The key is derived for that direction alone, so the frame's
 * sequence number is a nonce that comes once.
 */
final class FrameCipher {
    static final int TAG_BYTES = 16;
    private static final int NONCE_BYTES = 12;

    private final SecretKeySpec key;
    private final Cipher cipher;
    private final byte[] nonce = new byte[NONCE_BYTES];

    /**
     * @param groupKey of all members
     * @param session Aeron's number of the stream: a sender that comes back in the same generation has another
     */
    FrameCipher(byte[] groupKey, long generation, int from, int to, int stream, int session) {
        ByteBuffer info = ByteBuffer.allocate(64).put("flm exchange".getBytes(StandardCharsets.US_ASCII));
        info.putLong(generation).putInt(from).putInt(to).putInt(stream).putInt(session);
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(groupKey, "HmacSHA256"));
            mac.update(info.flip());
            key = new SecretKeySpec(mac.doFinal(), "AES");
            cipher = Cipher.getInstance("AES/GCM/NoPadding");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java has HmacSHA256 and AES-GCM", e);
        }
    }

    /** Encrypts {@code plain} into {@code encrypted}, which has room for the tag too. */
    void encrypt(long sequence, ByteBuffer additional, ByteBuffer plain, ByteBuffer encrypted) {
        try {
            init(Cipher.ENCRYPT_MODE, sequence);
            cipher.updateAAD(additional);
            cipher.doFinal(plain, encrypted);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM cannot encrypt", e);
        }
    }

    /** Decrypts, or says that the frame is not what this direction's sender encrypted. */
    boolean decrypt(long sequence, ByteBuffer additional, ByteBuffer encrypted, ByteBuffer plain) {
        try {
            init(Cipher.DECRYPT_MODE, sequence);
            cipher.updateAAD(additional);
            cipher.doFinal(encrypted, plain);
            return true;
        } catch (AEADBadTagException e) {
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("AES-GCM cannot decrypt", e);
        }
    }

    private void init(int mode, long sequence) throws GeneralSecurityException {
        ByteBuffer.wrap(nonce).putLong(NONCE_BYTES - Long.BYTES, sequence);
        cipher.init(mode, key, new GCMParameterSpec(TAG_BYTES * Byte.SIZE, nonce));
    }
}
