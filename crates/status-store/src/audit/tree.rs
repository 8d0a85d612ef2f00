//! The Merkle tree over a checkpoint's leaves.
//!
//! # Source
//!
//! RFC 6962, section 2.1: a leaf is hashed behind a byte 0, two subtrees behind a byte 1, and the left subtree
//! has the largest power of two of leaves that leaves at least one to the right.

use sha2::{Digest as _, Sha256};

use super::Leaf;
use crate::record::Digest;

/// The root over leaves; over none, the hash of nothing.
#[must_use]
pub fn root<'a>(leaves: impl IntoIterator<Item = &'a Leaf>) -> Digest {
    let mut tree = Tree::default();
    for leaf in leaves {
        tree.push(leaf);
    }
    tree.root()
}

/// A tree to which leaves are added one by one. It keeps one hash for each power of two, no leaves.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    leaves: u64,
    /// The roots of the full subtrees so far, largest first: one for each bit that is set in `leaves`.
    subtrees: Vec<Digest>,
}

impl Tree {
    /// Adds a leaf.
    pub fn push(&mut self, leaf: &Leaf) {
        let mut subtree = leaf_hash(&leaf.bytes());
        // As a carry does: two subtrees of one size become one of the next.
        let mut carry = self.leaves;
        while carry & 1 == 1
            && let Some(left) = self.subtrees.pop()
        {
            subtree = node_hash(&left, &subtree);
            carry >>= 1;
        }
        self.subtrees.push(subtree);
        self.leaves += 1;
    }

    /// Number of leaves.
    #[must_use]
    pub const fn leaves(&self) -> u64 {
        self.leaves
    }

    /// The root over the leaves so far.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut smallest_first = self.subtrees.iter().rev();
        let Some(last) = smallest_first.next() else { return Sha256::digest([]).into() };
        smallest_first.fold(*last, |right, left| node_hash(left, &right))
    }
}

fn leaf_hash(bytes: &[u8]) -> Digest {
    Sha256::new().chain_update([0]).chain_update(bytes).finalize().into()
}

fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree hash as the RFC defines it, by recursion over the list of inputs.
    fn defined(inputs: &[&[u8]]) -> Digest {
        match inputs {
            [] => Sha256::digest([]).into(),
            [one] => leaf_hash(one),
            more => {
                let half = more.len().next_power_of_two() / 2;
                let (left, right) = more.split_at(half);
                node_hash(&defined(left), &defined(right))
            }
        }
    }

    fn hex(digest: &Digest) -> String {
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The inputs and roots that the certificate transparency projects test their trees with.
    #[test]
    fn the_hashes_are_those_of_the_rfc() {
        let inputs: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        for (count, root) in roots.into_iter().enumerate() {
            assert_eq!(hex(&defined(&inputs[..count])), root, "{count} leaves");
        }
    }

    #[test]
    fn a_tree_grown_leaf_by_leaf_has_the_root_that_is_defined() {
        let leaf = |number: u8| Leaf {
            subject: status_domain::ids::SubjectId(uuid::Uuid::from_u128(number.into())),
            head: crate::record::Head { length: 1, hash: [number; 32] },
        };
        let leaves: Vec<Leaf> = (0..70).map(leaf).collect();
        let bytes: Vec<_> = leaves.iter().map(Leaf::bytes).collect();
        for count in 0..=leaves.len() {
            let inputs: Vec<&[u8]> = bytes[..count].iter().map(|bytes| &bytes[..]).collect();
            assert_eq!(root(&leaves[..count]), defined(&inputs), "{count} leaves");
        }
        // By hand: two leaves, then three.
        let sha = |parts: &[&[u8]]| -> Digest { Sha256::digest(parts.concat()).into() };
        let one = sha(&[&[0], &[0; 16], &[0, 0, 0, 0, 0, 0, 0, 1], &[0; 32]]);
        let mut two_id = [0; 16];
        two_id[15] = 1;
        let two = sha(&[&[0], &two_id, &[0, 0, 0, 0, 0, 0, 0, 1], &[1; 32]]);
        assert_eq!(root(&leaves[..2]), sha(&[&[1], &one, &two]));
        let mut three_id = [0; 16];
        three_id[15] = 2;
        let three = sha(&[&[0], &three_id, &[0, 0, 0, 0, 0, 0, 0, 1], &[2; 32]]);
        assert_eq!(root(&leaves[..3]), sha(&[&[1], &sha(&[&[1], &one, &two]), &three]));
    }
}
